#!/bin/sh
# A prover that proves nothing: it prints what was recorded. STUB is a directory with
#   version          what it says of itself
#   out, out+FLAG    what it prints, by the flags it is called with
#   act              if there: shell to run before that
#   calls            one line is added for every call
if [ "$1" = --version ]; then
    cat "$STUB/version"
    exit 0
fi
echo "$@" >> "$STUB/calls"
out=out
for argument in "$@"; do
    case $argument in
        -D=*) out="$out+${argument#-D=}" ;;
    esac
done
if [ -f "$STUB/act" ]; then
    . "$STUB/act"
fi
cat "$STUB/$out"
