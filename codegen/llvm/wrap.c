/* Exported functions. Loop form knows leaves, not structs: where an entry takes a struct, the C
 * signature is a small function that turns pointers to structs into pointers to leaves and calls
 * the loop-form one. `NAME.packed` does the same from an array of pointers, for the JIT. */
#include "codegen/llvm/lower.h"

#include "ir/signature.h"

#include <string.h>

typedef struct Wrap {
  MdlIr *ir;
  const MdlSignature *signature;
  bool bits32;
  LLVMModuleRef llvm;
  LLVMContextRef context;
  LLVMBuilderRef builder;
  LLVMTypeRef pointer, byte;
} Wrap;

static bool has_struct(const MdlSignature *s)
{
  for (int i = 0; i < s->params; i++)
    if (s->param[i].struct_type) return true;
  return false;
}

static LLVMValueRef offset_by(Wrap *w, LLVMValueRef base, int64_t bytes)
{
  if (!bytes) return base;
  LLVMValueRef index = LLVMConstInt(LLVMInt64TypeInContext(w->context), (uint64_t)bytes, false);
  return LLVMBuildGEP2(w->builder, w->byte, base, &index, 1, "");
}

/* Pointers to the leaves of one struct argument. */
static void leaves_of(Wrap *w, const MdlParam *param, LLVMValueRef base, LLVMValueRef *out)
{
  bool view = mdl_struct_is_view(w->signature, param->struct_type);
  int64_t *offset = MDL_NEW(w->ir->arena, int64_t, (size_t)param->leaves);
  if (!view) mdl_struct_layout(w->ir, w->signature, param->struct_type, offset);
  for (int i = 0; i < param->leaves; i++) {
    const MdlLeaf *leaf = &w->signature->leaf[param->leaf + i];
    if (view) offset[i] = (int64_t)i * (w->bits32 ? 4 : 8);
    out[i] = offset_by(w, base, offset[i]);
    if (view) out[i] = LLVMBuildLoad2(w->builder, w->pointer, out[i], leaf->path);
  }
}

/* The arguments of the loop-form function out of those of the C function. An in leaf of rank 0
 * inside a struct is loaded, since loop form takes it by value. */
static LLVMValueRef call_inner(Wrap *w, LLVMValueRef inner, LLVMValueRef outer)
{
  const MdlSignature *s = w->signature;
  unsigned inner_count = LLVMCountParams(inner), next = 0, from = 0;
  LLVMTypeRef type = LLVMGlobalGetValueType(inner);
  LLVMTypeRef *types = MDL_NEW(w->ir->arena, LLVMTypeRef, inner_count);
  LLVMValueRef *args = MDL_NEW(w->ir->arena, LLVMValueRef, inner_count);
  LLVMGetParamTypes(type, types);
  for (int i = 0; i < s->sizes; i++) args[next++] = LLVMGetParam(outer, from++);
  for (int i = 0; i < s->params; i++) {
    const MdlParam *param = &s->param[i];
    LLVMValueRef given = LLVMGetParam(outer, from++);
    if (!param->struct_type) {
      args[next++] = given;
      continue;
    }
    leaves_of(w, param, given, args + next);
    for (int j = 0; j < param->leaves; j++, next++)
      if (types[next] != w->pointer)
        args[next] = LLVMBuildLoad2(w->builder, types[next], args[next], "");
  }
  while (next < inner_count) args[next++] = LLVMGetParam(outer, from++);
  return LLVMBuildCall2(w->builder, type, inner, args, inner_count, "");
}

static LLVMValueRef add_function(Wrap *w, const char *name, unsigned count, LLVMTypeRef *types)
{
  LLVMTypeRef type =
      LLVMFunctionType(LLVMInt32TypeInContext(w->context), types, count, false);
  LLVMValueRef function = LLVMAddFunction(w->llvm, name, type);
  LLVMPositionBuilderAtEnd(w->builder, LLVMAppendBasicBlockInContext(w->context, function, ""));
  return function;
}

static void make_internal(Wrap *w, LLVMValueRef inner)
{
  unsigned kind = LLVMGetEnumAttributeKindForName("alwaysinline", 12);
  LLVMSetLinkage(inner, LLVMInternalLinkage);
  LLVMAddAttributeAtIndex(inner, LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(w->context, kind, 0));
}

/* The C function under the entry's own name; the loop-form one becomes NAME.leaves. */
static LLVMValueRef wrap_structs(Wrap *w, LLVMValueRef inner, const char *symbol)
{
  const MdlSignature *s = w->signature;
  unsigned count = 0, leaf = 0;
  const char *hidden = mdl_text(w->ir->arena, "%s.leaves", symbol);
  LLVMTypeRef *inner_types = MDL_NEW(w->ir->arena, LLVMTypeRef, LLVMCountParams(inner));
  LLVMTypeRef *types = MDL_NEW(w->ir->arena, LLVMTypeRef, LLVMCountParams(inner));
  LLVMGetParamTypes(LLVMGlobalGetValueType(inner), inner_types);
  LLVMSetValueName2(inner, hidden, strlen(hidden));
  for (int i = 0; i < s->sizes; i++) types[count++] = inner_types[leaf++];
  for (int i = 0; i < s->params; i++) {
    types[count++] = s->param[i].struct_type ? w->pointer : inner_types[leaf];
    leaf += (unsigned)s->param[i].leaves;
  }
  while (leaf < LLVMCountParams(inner)) types[count++] = inner_types[leaf++];
  LLVMValueRef outer = add_function(w, symbol, count, types);
  LLVMBuildRet(w->builder, call_inner(w, inner, outer));
  make_internal(w, inner);
  return outer;
}

/* int32 NAME.packed(ptr args): buffers as they are, everything else loaded from its cell. */
static void add_packed(Wrap *w, LLVMValueRef inner, const char *symbol)
{
  unsigned count = LLVMCountParams(inner);
  LLVMTypeRef type = LLVMGlobalGetValueType(inner);
  LLVMTypeRef *types = MDL_NEW(w->ir->arena, LLVMTypeRef, count);
  LLVMValueRef *args = MDL_NEW(w->ir->arena, LLVMValueRef, count);
  LLVMGetParamTypes(type, types);
  LLVMValueRef packed =
      add_function(w, mdl_text(w->ir->arena, "%s.packed", symbol), 1, &w->pointer);
  for (unsigned i = 0; i < count; i++) {
    LLVMValueRef cell = offset_by(w, LLVMGetParam(packed, 0), 8 * (int64_t)i);
    LLVMValueRef pointer = LLVMBuildLoad2(w->builder, w->pointer, cell, "");
    args[i] = types[i] == w->pointer ? pointer : LLVMBuildLoad2(w->builder, types[i], pointer, "");
  }
  LLVMBuildRet(w->builder, LLVMBuildCall2(w->builder, type, inner, args, count, ""));
}

static void wrap_entry(Wrap *w, MlirOperation entry, bool packed)
{
  const char *symbol = mdl_op_text(w->ir, entry, "sym_name");
  w->signature = mdl_signature_read(w->ir, entry);
  LLVMValueRef inner = LLVMGetNamedFunction(w->llvm, symbol);
  if (!inner) MDL_BUG(w->ir->session, "the entry %s is not in the LLVM module", symbol);
  if (packed) add_packed(w, inner, symbol);
  if (has_struct(w->signature)) wrap_structs(w, inner, symbol);
}

/* What loop form keeps private is internal here: compilers inline a function called once. */
static void hide_private(MdlIr *ir, MlirOperation module, LLVMModuleRef llvm)
{
  for (MlirOperation op = mdl_first(mdl_module_body(module)); !mdl_is_null(op); op = mdl_next(op)) {
    const char *name = mdl_op_text(ir, op, "sym_name");
    LLVMValueRef f = name && !mdl_is_entry(op) ? LLVMGetNamedFunction(llvm, name) : NULL;
    if (f && !LLVMIsDeclaration(f)) LLVMSetLinkage(f, LLVMInternalLinkage);
  }
}

/* All variants of a function of the host become the one of that name. */
static LLVMValueRef join_hook(Wrap *w, const char *symbol, const char *name)
{
  LLVMValueRef variant = LLVMGetNamedFunction(w->llvm, symbol);
  LLVMValueRef hook = LLVMGetNamedFunction(w->llvm, name);
  if (!variant) return hook;
  if (!hook) {
    LLVMSetValueName2(variant, name, strlen(name));
    return variant;
  }
  LLVMReplaceAllUsesWith(variant, hook);
  LLVMDeleteFunction(variant);
  return hook;
}

/* Where the host has none, the one here does nothing: a program needs no runtime to be linked. */
static void define_weak(Wrap *w, LLVMValueRef hook)
{
  LLVMSetLinkage(hook, LLVMWeakAnyLinkage);
  LLVMPositionBuilderAtEnd(w->builder, LLVMAppendBasicBlockInContext(w->context, hook, ""));
  LLVMBuildRetVoid(w->builder);
}

static bool is_in_host(const MdlLlvmOptions *options, const char *name)
{
  for (int i = 0; i < options->hosts; i++)
    if (!strcmp(options->host[i].name, name)) return true;
  return false;
}

static void join_hooks(Wrap *w, MlirOperation module, const MdlLlvmOptions *options)
{
  MlirOperation op = mdl_first(mdl_module_body(module));
  for (; !mdl_is_null(op); op = mdl_next(op)) {
    const char *name = mdl_op_text(w->ir, op, "mdl.hook");
    if (!name) continue;
    LLVMValueRef hook = join_hook(w, mdl_op_text(w->ir, op, "sym_name"), name);
    if (hook && LLVMIsDeclaration(hook) && !is_in_host(options, name)) define_weak(w, hook);
  }
}

void mdl_llvm_wrap(MdlIr *ir, MlirOperation module, const MdlLlvmOptions *options,
                   LLVMModuleRef llvm)
{
  LLVMContextRef context = LLVMGetModuleContext(llvm);
  Wrap w = {.ir = ir, .llvm = llvm, .context = context, .builder = LLVMCreateBuilderInContext(context)};
  w.bits32 = options->machine->index_bits == 32;
  w.pointer = LLVMPointerTypeInContext(context, 0);
  w.byte = LLVMInt8TypeInContext(context);
  hide_private(ir, module, llvm);
  join_hooks(&w, module, options);
  MlirOperation *entries;
  int count = mdl_entries(ir, module, &entries);
  for (int i = 0; i < count; i++) wrap_entry(&w, entries[i], options->packed);
  LLVMDisposeBuilder(w.builder);
}
