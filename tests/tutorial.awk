# Takes docs/tutorial.md apart into files of the folder `steps`, one after the other:
#
#     012.file     a program, as it stands between ``` and ```; its name, which its first line begins with, in 012.name
#     013.command  what follows "    $ ", with the lines after it where it ends in a backslash
#     013.answer   what is said to be the answer: the other lines of such a block
#
# A program without a name, and an indented line that is no answer to a command, are errors.
function fail(what) {
    printf "docs/tutorial.md:%d: %s\n", NR, what >"/dev/stderr"
    failed = 1
}
function begin() {
    step = sprintf("%s/%03d", steps, ++count)
}
/^```/ {
    fenced = !fenced
    first = fenced
    answered = 0
    next
}
fenced && first {
    first = 0
    begin()
    name = $0
    sub(/^(#|\/\*) /, "", name)
    if (name !~ /^[A-Za-z.]+: /)
        fail("a program that begins with no name")
    sub(/: .*/, "", name)
    print name >(step ".name")
}
fenced {
    print >(step ".file")
    next
}
continued {
    print substr($0, 5) >(step ".command")
    continued = /\\$/
    next
}
/^    \$ / {
    begin()
    print substr($0, 7) >(step ".command")
    answered = 1
    continued = /\\$/
    next
}
/^    / {
    if (!answered)
        fail("an indented line that is no answer to a command")
    else
        print substr($0, 5) >(step ".answer")
    next
}
{
    answered = 0
}
END {
    if (count < 50)
        fail("found no more than " count + 0 " programs and commands")
    exit failed
}
