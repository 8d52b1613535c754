"""HloModule text to serialised protos, by XLA's own parser: every *.hlo of a folder to *.pb.

    PYTHONPATH=build/plugins/jax text_to_proto.py FOLDER
"""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from jaxlib import _hlo  # noqa: E402


def main(folder):
    failed = 0
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".hlo"):
            continue
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        try:
            proto = _hlo.hlo_module_from_text(text).as_serialized_hlo_module_proto()
        except Exception as error:
            print(f"{path}: {error}", file=sys.stderr)
            failed += 1
            continue
        with open(path[:-4] + ".pb", "wb") as file:
            file.write(proto)
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1]) else 0)
