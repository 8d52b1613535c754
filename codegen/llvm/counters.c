/* Loop counters that become data, as in random numbers made from an element's index. LLVM's loop
 * strength reduction takes `counter + t1 + t2 + …` for an address, and tries every way to split every
 * such sum: half a second for the twenty rounds of one hash, and three times the code. Addresses need
 * it; a hash does not. A `freeze` is where it stops looking, and costs no instruction. */
#include "codegen/llvm/lower.h"

#include <string.h>

enum { DEPTH = 8 /* of a sum around a counter */ };

static bool is_sum(LLVMValueRef v)
{
  switch ((int)LLVMGetInstructionOpcode(v)) {
  case LLVMAdd:
  case LLVMSub:
  case LLVMMul:
  case LLVMShl:
  case LLVMTrunc:
  case LLVMZExt:
  case LLVMSExt:
    return true;
  case LLVMOr:
    return LLVMGetIsDisjoint(v);
  default:
    return false;
  }
}

/* i = phi [start], [i + step] */
static bool is_induction(LLVMValueRef phi)
{
  for (unsigned i = 0; i < LLVMCountIncoming(phi); i++) {
    LLVMValueRef next = LLVMGetIncomingValue(phi, i);
    if (!LLVMIsAInstruction(next) || LLVMGetInstructionOpcode(next) != LLVMAdd) continue;
    if (LLVMGetOperand(next, 0) == phi || LLVMGetOperand(next, 1) == phi) return true;
  }
  return false;
}

static bool has_counter(LLVMValueRef v, int depth)
{
  if (!LLVMIsAInstruction(v) || depth == DEPTH) return false;
  if (LLVMIsAPHINode(v)) return is_induction(v);
  if (!is_sum(v)) return false;
  for (int i = 0; i < LLVMGetNumOperands(v); i++)
    if (has_counter(LLVMGetOperand(v, (unsigned)i), depth + 1)) return true;
  return false;
}

/* -1 - a is an xor to LLVM. */
static bool is_not(LLVMValueRef v)
{
  LLVMValueRef mask = LLVMGetOperand(v, 1);
  return LLVMIsAConstantInt(mask) && LLVMConstIntGetSExtValue(mask) == -1;
}

/* What has no place in an address: bits mixed with bits. */
static bool is_hash(LLVMValueRef v)
{
  LLVMOpcode code = LLVMGetInstructionOpcode(v);
  if (LLVMGetTypeKind(LLVMTypeOf(v)) != LLVMIntegerTypeKind) return false;
  if (code == LLVMXor) return !is_not(v);
  if (code != LLVMCall) return false;
  size_t length = 0;
  const char *name = LLVMGetValueName2(LLVMGetCalledValue(v), &length);
  return length > 8 && !memcmp(name, "llvm.fsh", 8); /* a rotation */
}

/* Addresses and the counting itself keep the counter that LLVM can see. */
static bool is_control(LLVMValueRef user, int depth)
{
  LLVMOpcode code = LLVMGetInstructionOpcode(user);
  if (code == LLVMPHI || code == LLVMGetElementPtr || code == LLVMICmp) return true;
  if (!is_sum(user) || depth == DEPTH) return false;
  for (LLVMUseRef use = LLVMGetFirstUse(user); use; use = LLVMGetNextUse(use))
    if (is_control(LLVMGetUser(use), depth + 1)) return true;
  return false;
}

static LLVMValueRef after(LLVMValueRef v)
{
  LLVMValueRef next = LLVMGetNextInstruction(v);
  while (LLVMIsAPHINode(next)) next = LLVMGetNextInstruction(next);
  return next;
}

static void freeze(LLVMBuilderRef builder, LLVMValueRef counter)
{
  LLVMPositionBuilderBefore(builder, after(counter));
  LLVMValueRef frozen = LLVMBuildFreeze(builder, counter, "");
  for (LLVMUseRef use = LLVMGetFirstUse(counter), next; use; use = next) {
    LLVMValueRef user = LLVMGetUser(use);
    next = LLVMGetNextUse(use);
    if (user == frozen || is_control(user, 0)) continue;
    for (int i = 0; i < LLVMGetNumOperands(user); i++)
      if (LLVMGetOperand(user, (unsigned)i) == counter) LLVMSetOperand(user, (unsigned)i, frozen);
    next = LLVMGetFirstUse(counter); /* the list changed under us */
  }
}

static void in_function(LLVMBuilderRef builder, LLVMValueRef f)
{
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b))
    for (LLVMValueRef v = LLVMGetFirstInstruction(b); v; v = LLVMGetNextInstruction(v)) {
      if (!is_hash(v)) continue;
      for (int i = 0; i < LLVMGetNumOperands(v); i++)
        if (has_counter(LLVMGetOperand(v, (unsigned)i), 0))
          freeze(builder, LLVMGetOperand(v, (unsigned)i));
    }
}

void mdl_llvm_hide_counters(LLVMModuleRef llvm)
{
  LLVMBuilderRef builder = LLVMCreateBuilderInContext(LLVMGetModuleContext(llvm));
  for (LLVMValueRef f = LLVMGetFirstFunction(llvm); f; f = LLVMGetNextFunction(f))
    in_function(builder, f);
  LLVMDisposeBuilder(builder);
}
