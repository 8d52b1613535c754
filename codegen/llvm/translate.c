/* Loop form to LLVM IR by MLIR's conversions. Ours are the choices: bare pointers, an index as wide
 * as the target's pointers, no library calls behind our back. */
#include "codegen/llvm/lower.h"

#include <pthread.h>
#include <string.h>

#include <mlir-c/Conversion.h>
#include <mlir-c/Dialect/ControlFlow.h>
#include <mlir-c/Dialect/Index.h>
#include <mlir-c/Dialect/LLVM.h>
#include <mlir-c/Pass.h>
#include <mlir-c/RegisterEverything.h>
#include <mlir-c/Target/LLVMIR.h>

static void append(MlirStringRef text, void *user)
{
  MdlIr *ir = user;
  ir->said = mdl_text(ir->arena, "%s%.*s", ir->said, (int)text.length, text.data);
}

static void load_dialects(MdlIr *ir)
{
  const MlirDialectHandle dialects[] = {mlirGetDialectHandle__cf__(),
                                        mlirGetDialectHandle__llvm__(),
                                        mlirGetDialectHandle__index__()};
  for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
    mlirDialectHandleLoadDialect(dialects[i], ir->context);
  mlirRegisterAllLLVMTranslations(ir->context);
}

static void register_passes(void)
{
  mlirRegisterConversionConvertVectorToLLVMPass();
  mlirRegisterConversionConvertMathToLLVMPass();
  mlirRegisterConversionSCFToControlFlowPass();
  mlirRegisterConversionFinalizeMemRefToLLVMConversionPass();
  mlirRegisterConversionConvertControlFlowToLLVMPass();
  mlirRegisterConversionArithToLLVMConversionPass();
  mlirRegisterConversionConvertIndexToLLVMPass();
  mlirRegisterConversionConvertFuncToLLVMPass();
  mlirRegisterConversionReconcileUnrealizedCastsPass();
}

/* Options go in by text: the create functions of the C API take none. No `builtin.module(...)`
 * around it: with that, adding succeeds and runs nothing. */
static const char *pipeline(MdlIr *ir, int index_bits)
{
  return mdl_text(ir->arena,
                  "convert-vector-to-llvm,convert-math-to-llvm,convert-scf-to-cf,"
                  "finalize-memref-to-llvm{index-bitwidth=%d},"
                  "convert-cf-to-llvm{index-bitwidth=%d},"
                  "convert-arith-to-llvm{index-bitwidth=%d},"
                  "convert-index-to-llvm{index-bitwidth=%d},"
                  "convert-func-to-llvm{use-bare-ptr-memref-call-conv=true index-bitwidth=%d},"
                  "reconcile-unrealized-casts",
                  index_bits, index_bits, index_bits, index_bits, index_bits);
}

static void convert(MdlIr *ir, MlirOperation module, int index_bits)
{
  MlirPassManager manager = mlirPassManagerCreate(ir->context);
  mlirPassManagerEnableVerifier(manager, false);
  const char *text = pipeline(ir, index_bits);
  MlirLogicalResult added = mlirOpPassManagerAddPipeline(
      mlirPassManagerGetAsOpPassManager(manager), mlirStringRefCreateFromCString(text), append, ir);
  if (mlirLogicalResultIsFailure(added)) MDL_BUG(ir->session, "the pipeline to LLVM: %s", ir->said);
  if (mlirLogicalResultIsFailure(mlirPassManagerRunOnOp(manager, module)))
    MDL_BUG(ir->session, "loop form does not convert to LLVM: %s", ir->said);
  mlirPassManagerDestroy(manager);
}

static bool strip_op(void *user, MlirOperation op)
{
  MdlIr *ir = user;
  static const char *const ours[] = {"mdl.signature", "mdl.doc", "mdl.names", "mdl.form", "mdl.text",
                                     "mdl.hook"};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (mdl_op_has(op, ours[i])) mdl_op_unset(op, ours[i]);
  (void)ir;
  return true;
}

LLVMModuleRef mdl_llvm_translate(MdlIr *ir, MlirOperation module, const MdlLlvmOptions *options,
                                 LLVMContextRef context)
{
  load_dialects(ir);
  static pthread_once_t once = PTHREAD_ONCE_INIT; /* MLIR's registry takes no second thread */
  pthread_once(&once, register_passes);
  MlirOperation copy = mlirOperationClone(module);
  mdl_walk(copy, strip_op, ir);
  convert(ir, copy, options->machine->index_bits);
  LLVMModuleRef llvm = mlirTranslateModuleToLLVMIR(copy, context);
  mlirOperationDestroy(copy);
  if (!llvm) MDL_BUG(ir->session, "no LLVM IR: %s", mdl_ir_said(ir));
  LLVMSetModuleIdentifier(llvm, options->source, strlen(options->source));
  LLVMSetSourceFileName(llvm, options->source, strlen(options->source));
  return llvm;
}
