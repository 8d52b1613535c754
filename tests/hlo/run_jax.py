"""Runs modules through jaxlib: StableHLO as it is, HloModule text by way of XLA's parser.

    PYTHONPATH=build/plugins/jax run_jax.py FOLDER

For every NAME.json of the folder (the manifest of one entry) there are NAME.mlir or NAME.hlo and
NAME.in, the arguments of all runs one after the other as they lie in memory. NAME.out becomes the
results, in the same way.
"""
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import jax  # noqa: E402
import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402
from jaxlib import _hlo, _jax  # noqa: E402
from jaxlib import xla_client  # noqa: E402

DTYPES = {"bool": np.bool_, "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
          "u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "u64": np.uint64,
          "f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32, "f64": np.float64}


def stablehlo_of(base):
    if os.path.exists(base + ".mlir"):
        with open(base + ".mlir", encoding="utf-8") as file:
            return file.read()
    with open(base + ".hlo", encoding="utf-8") as file:
        module = _hlo.hlo_module_from_text(file.read())
    return _jax.mlir.xla_computation_to_mlir_module(
        _hlo.XlaComputation(module.as_serialized_hlo_module_proto()))


def arguments(data, at, args):
    """One run's arguments, and where the next run's begin."""
    values = []
    for arg in args:
        dtype = np.dtype(DTYPES[arg["dtype"]])
        count = int(np.prod(arg["shape"], dtype=np.int64))
        end = at + count * dtype.itemsize
        values.append(np.frombuffer(data[at:end], dtype).reshape(arg["shape"]))
        at = end
    return values, at


def run(client, devices, base):
    with open(base + ".json", encoding="utf-8") as file:
        entry = json.load(file)["entries"][0]
    with open(base + ".in", "rb") as file:
        data = file.read()
    program = client.compile_and_load(stablehlo_of(base), devices, xla_client.CompileOptions())
    runs = int(data[:8].decode())
    at = 8
    with open(base + ".out", "wb") as out:
        for _ in range(runs):
            values, at = arguments(data, at, entry["args"])
            results = program.execute_sharded([jax.device_put(value) for value in values])
            for value, wanted in zip(results.disassemble_into_single_device_arrays(), entry["results"],
                                     strict=True):
                value = np.asarray(value[0])
                assert value.dtype == DTYPES[wanted["dtype"]] and list(value.shape) == wanted["shape"]
                out.write(value.tobytes())


def main(folder):
    jax.config.update("jax_enable_x64", True)
    device = jax.devices("cpu")[0]
    devices = _jax.DeviceList((device,))
    failed = 0
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".json"):
            continue
        base = os.path.join(folder, name[:-5])
        try:
            run(device.client, devices, base)
        except Exception as error:
            print(f"{base}: {str(error)[:2000]}", file=sys.stderr)
            failed += 1
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1]) else 0)
