#!/bin/sh
# Tables of columns: trained on as their kinds say, drawn from, and filled in.
. "${srcdir:-.}/tests/cli.sh"

# 60 rows of which every third lacks something, in each of the ways to say so
awk 'BEGIN {
    print "id,age,city,income,grade,\"a, note\""
    split("Rome,Oslo,Sankt Moritz", city, ",")
    split("low,mid,high", grade, ",")
    for (i = 0; i < 60; i++) {
        k = i * 7 % 3 + 1
        age = i % 9 ? 20 * k + i % 5 : ""
        income = i % 12 == 5 ? "NA" : 1000 * k + i * 10.5
        where = i % 15 == 7 ? "?" : city[k]
        how = i % 21 == 2 ? "null" : grade[k]
        print "p" i "," age "," where "," income "," how ",\"x, \"\"y\"\"\""
    }
}' >people.csv
small='--hidden 8 --latent 2 --epochs 2 --batch 20'
kinds='age=count,income=positive,grade=ordinal:low<mid<high,id=skip,"a, note"=skip'

runs 'train' "$elbo" train vae --data people.csv --likelihood columns --columns "$kinds" $small --out run
told='60 rows of 4 columns: age count, city of 3 words, income positive, grade of 3 words in order'
grep -qF "people.csv: $told" err ||
    complain 'what the columns hold is not told'
grep -q 'values are missing' err || complain 'what is missing is not told'
grep -q '^columns = id=skip,age=count:[0-9.]*+-[0-9.]*,city=categorical:Oslo|Rome|Sankt Moritz,' run/config.ini ||
    complain 'what is known of the columns is not noted'
[ -e run/samples.png ] || [ -e run/reconstruction.png ] && complain 'rows were drawn as pictures'

# ---- the same again ------------------------------------------------------------------------------------------------

runs 'train again' "$elbo" train --config run/config.ini --out again
cmp -s run/model.safetensors again/model.safetensors || complain 'the configuration makes another model'
printf '# kinds\nage = count\nincome = positive\n\ngrade = ordinal: low < mid < high\n' >kinds.txt
printf 'id=skip\n"a, note"=skip\n' >>kinds.txt
runs 'train by a file' "$elbo" train vae --data people.csv --likelihood columns --columns kinds.txt $small --out third
cmp -s run/model.safetensors third/model.safetensors || complain 'kinds in a file make another model'
runs 'train --resume' "$elbo" train --resume run --epochs 3

# ---- rows ----------------------------------------------------------------------------------------------------------

runs 'sample' "$elbo" sample run -n 20
says '^samples samples.csv$'
[ "$(head -n 1 samples.csv)" = 'age,city,income,grade' ] || complain 'the columns of samples have other names'
[ "$(tail -n +2 samples.csv | grep -cE '^[0-9]+,(Oslo|Rome|Sankt Moritz),[0-9.e+]+,(low|mid|high)$')" -eq 20 ] ||
    complain 'samples are no rows in words and units'
runs 'sample by a mixture' "$elbo" sample run -n 20 --sampler gmm
[ "$(tail -n +2 samples.csv | grep -cE '^[0-9]+,(Oslo|Rome|Sankt Moritz),[0-9.e+]+,(low|mid|high)$')" -eq 20 ] ||
    complain 'samples by a mixture are no rows in words and units'
runs 'reconstruct' "$elbo" reconstruct run -n 3
runs 'evaluate' "$elbo" evaluate run --samples 20
figure 'log p(x) at least' '-*[0-9.]*' 'nats per image'
grep -q 'squared error' out && complain 'errors of columns were added up'
runs 'encode' "$elbo" encode run -o codes.csv
runs 'decode' "$elbo" decode run codes.csv -o decoded.csv
runs 'report' "$elbo" report run
fails 64 'a row of a table is no picture that can be shown' "$elbo" sample run --preview
fails 1 'x.png: rows of columns are no pictures: .csv and .npy are for them' "$elbo" sample run -o x.png

# ---- what is missing -----------------------------------------------------------------------------------------------

runs 'impute' "$elbo" impute run people.csv -o whole.csv --samples 200
says '^imputed whole.csv$'
says '^filled in 19$'
paste -d '\n' people.csv whole.csv | awk -F, 'NR % 2 { n = split($0, old); next }
    { for (i = 1; i <= n; i++) if ($i != old[i] && old[i] !~ /^(|NA|\?|null)$/ || $i ~ /^(|NA|\?|null)$/) exit 1 }' ||
    complain 'what was there changed, or something is still missing'
runs 'impute again' "$elbo" impute run people.csv -o again.csv --samples 200 --threads 1
cmp -s whole.csv again.csv || complain 'filled in anew it is not the same'
runs 'impute often' "$elbo" impute run people.csv --multiple 3 -o three.csv --samples 50
[ "$(wc -l <three.csv)" -eq 181 ] || complain 'three imputations are not three times the rows'
[ "$(head -n 1 three.csv)" = 'imputation,id,age,city,income,grade,"a, note"' ] ||
    complain 'imputations are not numbered'
runs 'impute --json' "$elbo" impute run people.csv -o whole.csv --json
says '{"imputed": "whole.csv", "values": 19, "rows_left": 0}'

# A row that no draw explains stays as it is, and is counted.
printf 'city,grade,income,age\nOslo,high,,31\nOslo,?,NA,1e38\n' >far.csv
for how in '' '--multiple 2'; do
    runs "impute what is far away $how" "$elbo" impute run far.csv -o near.csv $how
    says '^filled in 1$'
    says '^left as they are 2, of 1 row that no draw explains$'
    grep -q 'Oslo,?,NA,1e38$' near.csv || complain 'a row that no draw explains did not stay as it is'
    grep -qE 'Oslo,high,[0-9.e+]+,31$' near.csv || complain 'the row beside it was left too'
done
runs 'impute what is far away as JSON' "$elbo" impute run far.csv -o near.csv --json
says '{"imputed": "near.csv", "values": 1, "rows_left": 1}'

# A file that changes between its reading and the writing: stopped until it has.
for change in "sed -i '\$d'" 'printf "p60,1,Oslo,1,low,x\n" >>'; do
    cp people.csv moving.csv
    rm -f moved.csv err
    "$elbo" impute run moving.csv -o moved.csv --samples 100000 --threads 1 >out 2>err &
    child=$!
    until grep -q 'data: ' err 2>/dev/null || ! kill -0 $child; do sleep 0.01; done
    kill -STOP $child
    eval "$change moving.csv"
    kill -CONT $child
    wait $child && complain 'a table that has changed was filled in'
    grep -q 'moving.csv: has changed: it has no longer the 60 rows that were read' err ||
        complain 'that the table has changed is not said'
    [ -e moved.csv ] && complain 'a table that has changed was written'
done

# ---- other data ----------------------------------------------------------------------------------------------------

printf 'city,grade,income,age\nOslo,high,,31\n' >one.csv
runs 'impute other data' "$elbo" impute run one.csv -o one-whole.csv
grep -qE '^Oslo,high,[0-9.e+]+,31$' one-whole.csv || complain 'columns in another order are not found'
printf 'city,grade,income,age\nOslu,high,,31\n' >wrong.csv
fails 1 'wrong.csv:2: column "city": "Oslu" is none of its 3 words; the nearest is "Oslo"' "$elbo" impute run wrong.csv
printf 'city,grade,age\nOslo,high,31\n' >wrong.csv
fails 1 'wrong.csv: has no column "income"' "$elbo" evaluate run --data wrong.csv --part train
fails 64 'the data are named twice' "$elbo" impute run one.csv --data one.csv

# ---- what is said wrongly ------------------------------------------------------------------------------------------

fails 1 'column "city": "Rome" is no number' "$elbo" train vae --data people.csv --likelihood columns \
    --columns city=real --out nothing
fails 1 'columns: "age": no kind "cuont"; the nearest is "count"' "$elbo" train vae --data people.csv \
    --likelihood columns --columns age=cuont --out nothing
fails 1 'people.csv: column "grade": its words are not numbers: which comes first?' "$elbo" train vae \
    --data people.csv --likelihood columns --columns grade=ordinal --out nothing
fails 1 'option "columns": "kinds" is neither NAME=KIND nor a file of such lines' "$elbo" train vae \
    --data people.csv --likelihood columns --columns kinds --out nothing
fails 64 'option "columns": of no use without --likelihood columns' "$elbo" train vae --columns age=count
fails 1 'names a column of labels, and likelihood columns takes words' "$elbo" train vae --data people.csv --out nothing
fails 1 'is no table with named columns' "$elbo" train vae --data data --likelihood columns --out nothing
[ -e nothing ] && complain 'a failed training left a folder'

# ---- labels, and images --------------------------------------------------------------------------------------------

runs 'train cvae' "$elbo" train cvae --data people.csv:city --likelihood columns --columns "$kinds" $small \
    --out labelled
runs 'sample cvae' "$elbo" sample labelled --label Oslo -n 4
[ "$(head -n 1 samples.csv)" = 'label,age,income,grade' ] || complain 'the label is not a column of its own'
printf 'a,b,c\n0.1,,0.3\n0.2,0.5,\n0.3,0.2,0.1\n' >holes.csv
runs 'train with holes' "$elbo" train vae --data holes.csv --missing --likelihood gaussian $small --out holes
runs 'impute numbers' "$elbo" impute holes holes.csv -o holes-whole.csv
[ "$(grep -c ',,\|,$' holes-whole.csv)" -eq 0 ] || complain 'numbers are still missing'
runs 'impute a picture' "$elbo" impute holes -o holes.png --multiple 4

verdict
