#!/usr/bin/env bash
# The figures of docs/accuracy.md from a DAVIS-2016 folder, part by part:
#
#   scripts/accuracy.sh DAVIS [PART ...]      (without parts: all)
#
# Parts: accurate osvos masktrack oneshot lucid lucid-360 fast small scratch picture. Each trains the
# parent it needs. An interrupted part continues where it stopped. `accurate` takes about half an hour on two
# cores with AVX-512 BF16.
#
# Environment: STORE (maskrnn-store), VIDEOS (all of the val split, or some, by comma), WORKERS (2),
# RESOLUTION (360: of finetuning and segmentation where a trunk is finetuned from a parent),
# PARENT_RESOLUTION (240: of the training of such parents), SET (further options for every command,
# such as compute.precision=bfloat16).
set -euo pipefail

DAVIS="${1:?give the folder of DAVIS-2016}"
shift
PARTS=("$@")
[ ${#PARTS[@]} -gt 0 ] || PARTS=(accurate osvos masktrack oneshot lucid lucid-360 fast small scratch picture)
MASKRNN="${MASKRNN:-maskrnn}"
STORE="${STORE:-maskrnn-store}"
WORKERS="${WORKERS:-2}"
RESOLUTION="${RESOLUTION:-360}"
PARENT_RESOLUTION="${PARENT_RESOLUTION:-240}"
read -ra FURTHER <<<"${SET:-}"
DATA=(--dataset davis2016 --root "$DAVIS" --store "$STORE" --workers "$WORKERS")
CHOSEN=()
[ -z "${VIDEOS:-}" ] || CHOSEN=(--videos "$VIDEOS")

# The trunk and the budget of `accurate`, for presets that are narrower and shorter by themselves.
SAME_BUDGET=(
  network.width=1 network.norm=none
  static.steps=1200 static.coarse=0.8 static.accumulate=4 static.learning_rate=2e-4 static.final_learning_rate=1e-5
  static.augmentation.crop=0.6 static.augmentation.anywhere=0.15 "static.augmentation.scale=[0.7,1.4]"
  finetune.iterations=200 finetune.learning_rate=1e-4 finetune.final_learning_rate=1e-5
  finetune.augmentation.crop=0.6 finetune.augmentation.anywhere=0.2
  "finetune.augmentation.scale=[0.7,1.4]" finetune.frozen_blocks=2
)

# trained PRESET [OPTION ...]: prints the key of its parent, trained from the trunk.
trained() {
  local preset="$1"
  shift
  "$MASKRNN" train "${DATA[@]}" --resolution "$PARENT_RESOLUTION" --preset "$preset" --initial-weights vgg16-hed \
    --run-id "accuracy-parent-$preset" \
    --set compute.threads=1 "compute.processes=$WORKERS" "$@" "${FURTHER[@]}" |
    tee /dev/stderr | sed -n "s/^Parent of $preset: \([0-9a-f]*\).*/\1/p"
}

# segmented PRESET LINES [OPTION ...] [-- ARGUMENT ...]: segments and evaluates the val split. The
# run is called by the preset, or by NAME.
segmented() {
  local preset="$1" lines="$2" options=()
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  [ $# -eq 0 ] || shift
  "$MASKRNN" benchmark "${DATA[@]}" "${CHOSEN[@]}" --resolution "$lines" --preset "$preset" \
    --compare "" --run-id "accuracy-${NAME:-$preset}" "$@" \
    --set compute.threads=1 "${options[@]}" "${FURTHER[@]}"
}

# from_trunk PRESET [OPTION ...]: both.
from_trunk() {
  local key
  key="$(trained "$@")"
  segmented "$1" "$RESOLUTION" "${@:2}" -- --parent "$key"
}

for part in "${PARTS[@]}"; do
  case "$part" in
    accurate) "$MASKRNN" weights get vgg16-hed && from_trunk accurate ;;
    osvos | masktrack) "$MASKRNN" weights get vgg16-hed && from_trunk "$part" "${SAME_BUDGET[@]}" ;;
    oneshot) "$MASKRNN" weights get vgg16-hed && segmented oneshot 240 -- --initial-weights vgg16-hed ;;
    lucid-360)
      NAME=lucid-360 segmented lucid 360 \
        finetune.iterations=1000 finetune.coarse=0.6 finetune.smallest_side=120
      ;;
    lucid | fast | small | scratch) segmented "$part" 240 ;;
    picture)
      runs=()
      for folder in "$STORE"/runs/accuracy-*; do
        run="$(basename "$folder")"
        [[ "$run" == accuracy-parent-* ]] || runs+=("${run#accuracy-}=$run")
      done
      python -m benchmarks.accuracy_and_time "${runs[@]}" --store "$STORE" \
        --picture accuracy-and-time.png
      ;;
    *) echo "accuracy: no part $part; see the head of $0" >&2 && exit 2 ;;
  esac
done
