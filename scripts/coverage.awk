# Reads what `gcov -n` prints about the library's objects; writes the share of lines executed, by file and in all.
# Run with -v srcdir=DIR, which names lose. A file seen through several objects (a header, a kernel file compiled for
# several machines) counts where it is best.
/^File '/ {
    file = $0
    sub(/^File '/, "", file)
    sub(/'$/, "", file)
    if (index(file, srcdir "/") == 1) file = substr(file, length(srcdir) + 2)
    else if (file ~ /^\//) file = ""    # the system's headers
}
/^Lines executed:/ && file != "" {
    split($0, part, /[:%]| of /)
    lines[file] = part[4]
    if (part[2] + 0 > best[file] + 0) best[file] = part[2]
    file = ""
}
END {
    for (f in lines) {
        printf "%6.2f %% of %5d  %s\n", best[f], lines[f], f | "sort -k5"
        all += lines[f]
        run += lines[f] * best[f] / 100
    }
    close("sort -k5")
    if (all) printf "%6.2f %% of %5d  lines in all\n", 100 * run / all, all
}
