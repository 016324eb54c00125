#!/bin/sh
# Runs the program of its own name in the folder above, watched by valgrind: any error of memory, any block lost for good
# and any complaint is a failure. What the program starts is not watched. Copied to build/valgrind/ by the Makefile.
# It lets nobody change the limit of open files, which the module lowers to 64: it is so before.
ulimit -n 64
exec valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --keep-debuginfo=yes \
  --trace-children=no "${0%/*}/../${0##*/}" "$@"
