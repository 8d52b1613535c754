#!/bin/sh
# `mdlc` as tests/cli/check.py calls it, with every `mdlc run` through XLA. MDLC names the command.
if [ "$1" = run ]; then
  shift
  set -- run --target=hlo "$@"
fi
exec "$MDLC" "$@"
