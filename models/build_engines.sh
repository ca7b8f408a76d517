#!/usr/bin/env bash
# Build TensorRT engines of the models, on the machine and with the container that will serve them:
#
#   docker run --rm --gpus all -v models:/models screenalytics-triton build-engines /models
#   tritonserver --model-repository=/models --model-config-name=tensorrt ...
#
# An engine only runs on the GPU type and TensorRT version it was built with. PRECISION=fp16 is faster; compare results
# before using it: the embedder's calibration was fitted to 32-bit vectors.
set -euo pipefail

repository="${1:?usage: build-engines REPOSITORY}"
precision="${PRECISION:-fp32}"
trtexec="${TRTEXEC:-/usr/src/tensorrt/bin/trtexec}"

case "$precision" in
  fp32) flags=() ;;
  fp16) flags=(--fp16) ;;
  *) echo "error [bad_precision]: PRECISION is $precision; use fp32 or fp16" >&2; exit 2 ;;
esac
if ! command -v "$trtexec" >/dev/null; then
  echo "error [no_trtexec]: $trtexec is not there; run this in a Triton or TensorRT container or set TRTEXEC" >&2
  exit 2
fi

# The smallest, most frequent and largest input of a model; batches as in its config.pbtxt.
build() {
  local model="$1" least="$2" most_frequent="$3" largest="$4"
  local folder="$repository/$model/1"
  if [[ ! -f "$folder/model.onnx" ]]; then
    echo "error [model_missing]: $folder/model.onnx is not there; build the repository first" >&2
    exit 2
  fi
  echo "building $model ($precision)" >&2
  "$trtexec" --onnx="$folder/model.onnx" --saveEngine="$folder/model.plan.part" \
    --minShapes="$least" --optShapes="$most_frequent" --maxShapes="$largest" \
    --timingCacheFile="$repository/timing.cache" --skipInference "${flags[@]}"
  mv "$folder/model.plan.part" "$folder/model.plan"
}

build face_detector frames:1x64x64x3 frames:8x384x640x3 frames:8x1088x1920x3
build dlib_resnet chips:1x150x150x3 chips:16x150x150x3 chips:32x150x150x3
build face_finder frames:1x64x64x3 frames:8x384x640x3 frames:8x1088x1920x3
build person_detector frames:1x64x64x3 frames:8x256x416x3 frames:8x640x640x3
build sface chips:1x112x112x3 chips:16x112x112x3 chips:32x112x112x3
