#!/usr/bin/env bash
# test/fuzz.sh run        fuzzes each target for FUZZ_SECONDS (30), side by side; what it finds stays in build/fuzz/found/
# test/fuzz.sh replay     runs every input of test/fuzz/corpus/ once: both ends of a login must occur among them
# test/fuzz.sh minimise   makes test/fuzz/corpus/ the fewest inputs that reach all that it and build/fuzz/found/ reach
#
# Needs the targets that `make build/fuzz/session` builds, and leaves the work out where they could not be built. An
# input that breaks something is kept as build/fuzz/TARGET-crash-…; build/fuzz/TARGET FILE shows it again.
# Called by the Makefile and by hand.
set -euo pipefail
cd "$(dirname "$0")/.."
targets=(session module)
# Freed memory is kept apart for a while, but not for so long that the machine has no other work.
export ASAN_OPTIONS=quarantine_size_mb=1

if [ ! -x build/fuzz/session ]; then
  echo "- left out: clang has no libFuzzer here"
  [ "${CI-}" != true ]
  exit
fi

fuzz() {
  mkdir -p "build/fuzz/found/$1"
  build/fuzz/"$1" -artifact_prefix="build/fuzz/$1-" -max_total_time="${FUZZ_SECONDS:-30}" -max_len=9000 -timeout=20 \
    -dict=test/fuzz/words.dict -print_final_stats=1 "build/fuzz/found/$1" "test/fuzz/corpus/$1" >"build/fuzz/$1.log" 2>&1
}

run() {
  local target status=0 jobs=()
  for target in "${targets[@]}"; do
    fuzz "$target" &
    jobs+=($!)
  done
  for i in "${!targets[@]}"; do
    target=${targets[i]}
    if wait "${jobs[i]}"; then
      echo "- $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$target.log") runs, nothing found"
    else
      tail -n 60 "build/fuzz/$target.log"
      status=1
    fi
  done
  return $status
}

replay() {
  local target log
  for target in "${targets[@]}"; do
    log=$(build/fuzz/"$target" -artifact_prefix="build/fuzz/$target-" -runs=0 "test/fuzz/corpus/$target" 2>&1) ||
      { echo "$log"; return 1; }
    grep -E '^allowed [1-9][0-9]*, refused [1-9][0-9]*$' <<<"$log" | sed "s/^/- $target: /" ||
      { echo "$target: the corpus does not hold both ends"; return 1; }
  done
}

minimise() {
  local target new
  for target in "${targets[@]}"; do
    mkdir -p "build/fuzz/found/$target"
    new=$(mktemp -d "build/fuzz/$target.XXXXXX")
    build/fuzz/"$target" -set_cover_merge=1 -use_counters=0 -use_value_profile=1 -max_len=9000 "$new" "test/fuzz/corpus/$target" "build/fuzz/found/$target" 2>&1 | tail -n 1
    rm -rf "test/fuzz/corpus/$target"
    mv "$new" "test/fuzz/corpus/$target"
    chmod 755 "test/fuzz/corpus/$target"
  done
}

case ${1-} in
run | replay | minimise) "$1" ;;
*)
  sed -n 2,4p "$0" >&2
  exit 2
  ;;
esac
