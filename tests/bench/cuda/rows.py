"""The one table of the benchmark: a line is a program, and the sizes it is measured and checked at.

A line names programs/NAME.mdl (or a sample's entry), and the formulas in_numpy.NAME, in_torch.NAME,
in_jax.NAME and library_NAME in in_cublas.cu or in_cudnn.cu (`library` false: no library has it).
"""
from dataclasses import dataclass, field


@dataclass
class Row:
    name: str           # of the program
    sizes: list         # to be measured: texts like "M=64 K=8", in the order of the entry's sizes
    small: list         # to be checked at without a GPU: odd ones, edges of blocks, tiles, vectors
    flops: str = "0"    # of the sizes
    tolerance: float = 1e-5     # of the largest magnitude in an output
    draw: dict = field(default_factory=dict)    # argument: see inputs.py; standard normal if not said
    library: bool = True        # cuBLAS, cuDNN or CUB has it
    tf32: bool = False          # f32 that peers may round to TF32: measured both ways
    source: str = ""            # the .mdl, if not programs/NAME.mdl
    entry: str = "run"
    bytes: str = ""             # moved at least; if not said, each argument once, an inout twice


HALF = {"bf16": 1e-2, "f16": 1e-3}
PRODUCT, CONV = "2*M*K*N", "2*N*O*C*9*H*W"
IMAGES = ["N=32 C=64 H=56 W=56 O=64", "N=32 C=256 H=14 W=14 O=256"]
FEW_IMAGES = ["N=2 C=3 H=6 W=5 O=7", "N=1 C=16 H=8 W=8 O=64"]
SQUARE = ["M=1024 K=1024 N=1024", "M=2048 K=2048 N=2048", "M=4096 K=4096 N=4096"]
STEP = {"library": False, "tf32": True, "tolerance": 2e-5}
WEIGHTS = {"m.fc1.w": 0.1, "m.fc2.w": 0.1, "m.c1.w": 0.3, "m.c2.w": 0.1, "m.fc.w": 0.1, "lr": "1"}

ROWS = [
    # maps and moves of data
    Row("chain", ["N=67108864"], ["N=1037", "N=4096"], library=False),
    Row("chain_bf16", ["N=67108864"], ["N=1037", "N=4096"], library=False, tolerance=HALF["bf16"]),
    Row("bias_gelu", ["R=8192 C=4096"], ["R=5 C=37", "R=3 C=64"], library=False),
    Row("adam", ["D=4096"], ["D=13", "D=64"], library=False,
        draw={"s": "positive", "lr": "0.001"}),
    Row("transpose", ["R=8192 C=8192"], ["R=37 C=65", "R=64 C=32"], tolerance=0),
    Row("channels_last", ["N=32 C=256 H=56 W=56"], ["N=2 C=5 H=7 W=3", "N=1 C=32 H=4 W=8"], tolerance=0),
    Row("gather", ["V=50257 D=768 T=16384"], ["V=11 D=7 T=33", "V=5 D=64 T=9"], library=False, tolerance=0,
        draw={"ids": "V"}, bytes="8*T*D + 4*T"),
    Row("scatter", ["V=50257 D=768 T=16384"], ["V=11 D=7 T=33", "V=5 D=64 T=9"], library=False,
        draw={"ids": "V"}),
    # reductions and rows
    Row("total", ["N=67108864"], ["N=1", "N=3001", "N=70001"], draw={"x": "positive"}),
    Row("columns", ["R=16384 C=4096", "R=1048576 C=64"], ["R=70 C=9", "R=257 C=64", "R=5000 C=3"], library=False),
    Row("rows", ["R=16384 C=4096", "R=64 C=1048576"], ["R=70 C=9", "R=3 C=1030", "R=2 C=20001"], library=False),
    Row("softmax", ["R=65536 C=1024", "R=4096 C=32768"], ["R=9 C=33", "R=3 C=1100"]),
    Row("cross_entropy", ["N=1024 C=50257", "N=65536 C=10"], ["N=9 C=10", "N=5 C=515"], library=False,
        draw={"y": "C"}),
    Row("layer_norm", ["R=32768 C=1024"], ["R=9 C=33", "R=3 C=1028"], library=False),
    Row("layer_norm_back", ["R=32768 C=1024"], ["R=9 C=33", "R=70 C=64"], library=False),
    Row("rms_norm", ["R=32768 C=1024"], ["R=9 C=33", "R=3 C=1028"], library=False),
    # scans and sorts
    Row("cumsum", ["N=16777216"], ["N=1037", "N=5", "N=9001"], draw={"x": "positive"}),
    Row("cumsum_rows", ["R=4096 C=4096"], ["R=7 C=37", "R=2 C=600", "R=3 C=2501"], library=False,
        draw={"x": "positive"}),
    Row("sort", ["N=1048576"], ["N=37", "N=1024", "N=4099"], tolerance=0),
    Row("sort_rows", ["R=4096 C=1024"], ["R=5 C=37", "R=3 C=64", "R=2 C=1500"], library=False, tolerance=0),
    # products
    Row("gemm", SQUARE + ["M=8 K=4096 N=4096", "M=65536 K=64 N=64"],
        ["M=5 K=7 N=9", "M=65 K=33 N=130", "M=128 K=64 N=64", "M=8 K=256 N=130", "M=260 K=36 N=128"],
        PRODUCT, tf32=True),
    Row("gemm_nt", ["M=2048 K=2048 N=2048"], ["M=65 K=33 N=70", "M=64 K=16 N=64"], PRODUCT, tf32=True),
    Row("gemm_tn", ["M=2048 K=2048 N=2048", "M=64 K=65536 N=64"],
        ["M=65 K=33 N=70", "M=64 K=160 N=64", "M=8 K=3001 N=9"], PRODUCT, tf32=True),
    Row("gemm_batched", ["B=96 M=512 K=64 N=512"], ["B=3 M=5 K=7 N=9", "B=2 M=65 K=16 N=64"], "2*B*M*K*N",
        tf32=True),
    Row("linear", ["M=4096 K=1024 N=4096"], ["M=33 K=17 N=65", "M=64 K=32 N=64"], PRODUCT, library=False,
        tf32=True),
    Row("gemm_bf16", SQUARE, ["M=5 K=7 N=9", "M=64 K=32 N=64", "M=130 K=72 N=136"], PRODUCT, HALF["bf16"]),
    Row("gemm_f16", SQUARE, ["M=5 K=7 N=9", "M=64 K=32 N=64", "M=130 K=72 N=136"], PRODUCT, HALF["f16"]),
    # images
    Row("conv", IMAGES, FEW_IMAGES, CONV, tf32=True),
    Row("conv_bf16", IMAGES, FEW_IMAGES, CONV, HALF["bf16"]),
    Row("conv_1x1", ["N=32 C=256 H=56 W=56 O=64"], FEW_IMAGES, "2*N*O*C*H*W", tf32=True),
    Row("conv_stem", ["N=32 C=3 H=112 W=112 O=64"], ["N=2 C=3 H=5 W=4 O=7"], "2*N*O*C*49*H*W", tf32=True),
    Row("conv_dx", IMAGES, FEW_IMAGES, CONV, tf32=True),
    Row("conv_dw", IMAGES, FEW_IMAGES, CONV, tf32=True),
    Row("max_pool", ["N=32 C=64 H=56 W=56"], ["N=2 C=3 H=5 W=3", "N=1 C=2 H=8 W=16"], tolerance=0),
    # training steps
    Row("logreg", ["N=65536 D=256"], ["N=33 D=7"], "4*N*D", **STEP, source="samples/logreg.mdl", entry="step",
        draw={"y": "positive", "lr": "0.1"}),
    Row("mlp", ["B=32", "B=4096"], ["B=33"], "B*(4*4096 + 6*640)", **STEP, source="samples/mlp.mdl",
        entry="train", draw={**WEIGHTS, "y": "10"}),
    Row("cnn", ["B=32", "B=1024"], ["B=3"], "B*(4*64*72 + 6*64*16*72 + 6*2560)", **STEP,
        source="samples/cnn.mdl", entry="train", draw={**WEIGHTS, "y": "10"}),
    Row("transformer", ["B=8 T=512 D=512 H=8 K=64 F=2048"], ["B=2 T=5 D=12 H=2 K=6 F=17"],
        "6*B*T*(4*D*H*K + 2*D*F) + 12*B*H*T*T*K", **STEP,
        draw={"m.qkv": 0.1, "m.out": 0.1, "m.up": 0.1, "m.down": 0.1, "lr": "1"}),
]
