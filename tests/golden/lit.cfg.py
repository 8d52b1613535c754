# A golden test is one file: `// RUN: %mdlc ... %s | %filecheck %s` and what to find.
import os
import lit.formats

config.name = "golden"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".mdl", ".mlir"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = lit_config.params["out"]
config.substitutions.append(("%mdlc", lit_config.params["mdlc"]))
config.substitutions.append(("%filecheck", lit_config.params["filecheck"]))
