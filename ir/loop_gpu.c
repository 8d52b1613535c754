/* What loop form says on a GPU: where a thread is, barriers, reductions over a block. */
#include "ir/build.h"
#include "ir/loop.h"

#include <string.h>

#include <mlir-c/BuiltinAttributes.h>
#include <mlir-c/Dialect/GPU.h>

static MlirStringRef ref(const char *text) { return mlirStringRefCreateFromCString(text); }

/* The dialect is loaded by its first op: programs for processors do without. */
static MlirOperationState state_of(MdlBuilder *b, MdlLoopOp op)
{
  mlirDialectHandleLoadDialect(mlirGetDialectHandle__gpu__(), b->ir->context);
  return mlirOperationStateGet(ref(mdl_loop_info(op)->mlir), b->at);
}

static void add_attr(MdlBuilder *b, MlirOperationState *state, const char *name, const char *text)
{
  MlirContext context = b->ir->context;
  MlirNamedAttribute attr = mlirNamedAttributeGet(mlirIdentifierGet(context, ref(name)),
                                                  mlirAttributeParseGet(context, ref(text)));
  mlirOperationStateAddAttributes(state, 1, &attr);
}

MlirValue mdl_loop_gpu_index(MdlBuilder *b, MdlLoopOp op)
{
  MlirOperationState state = state_of(b, op);
  add_attr(b, &state, "dimension", "#gpu<dim x>");
  mlirOperationStateAddResults(&state, 1, &b->ir->scalar[MDL_index]);
  return mdl_result(mdl_insert(b, &state), 0);
}

static MlirOperation barrier(MdlBuilder *b)
{
  MlirOperationState state = state_of(b, MDL_LOOP_barrier);
  return mdl_insert(b, &state);
}

void mdl_loop_barrier(MdlBuilder *b) { barrier(b); }

void mdl_loop_grid_barrier(MdlBuilder *b) { mdl_op_set_unit(b->ir, barrier(b), "mdl.grid"); }

MlirValue mdl_loop_shared(MdlBuilder *b, const MdlLoopType *type)
{
  MlirValue made = mdl_loop_alloca(b, type);
  mdl_op_set_unit(b->ir, mdl_def(made), "mdl.shared");
  return made;
}

/* By MdlAllReduce: the word for integers, and for floats. */
static const char *const words[MDL_ALL_COUNT][2] = {
    {"add", "add"},        {"mul", "mul"},        {"maxsi", "maximumf"}, {"minsi", "minimumf"},
    {"maxui", "maximumf"}, {"minui", "minimumf"}, {"and", "and"},        {"or", "or"}};

static MlirValue reduce(MdlBuilder *b, MlirOperationState *state, MdlAllReduce kind,
                        MlirValue value)
{
  MlirType type = mlirValueGetType(value);
  bool is_float = mdl_is_float(mdl_loop_type_of(b->ir, value).element);
  add_attr(b, state, "op", mdl_text(b->ir->arena, "#gpu<all_reduce_op %s>", words[kind][is_float]));
  mlirOperationStateAddOperands(state, 1, &value);
  mlirOperationStateAddResults(state, 1, &type);
  return mdl_result(mdl_insert(b, state), 0);
}

MlirValue mdl_loop_all_reduce(MdlBuilder *b, MdlAllReduce kind, MlirValue value)
{
  MlirOperationState state = state_of(b, MDL_LOOP_all_reduce);
  MlirRegion none = mlirRegionCreate();
  mlirOperationStateAddOwnedRegions(&state, 1, &none);
  return reduce(b, &state, kind, value);
}

MlirValue mdl_loop_team_reduce(MdlBuilder *b, MdlAllReduce kind, MlirValue value, int threads)
{
  MlirOperationState state = state_of(b, MDL_LOOP_team_reduce);
  add_attr(b, &state, "cluster_size", mdl_text(b->ir->arena, "%d : i32", threads));
  return reduce(b, &state, kind, value);
}

int mdl_loop_team(MlirOperation team_reduce)
{
  return (int)mdl_op_int(team_reduce, "cluster_size", 32);
}

typedef struct Word {
  char text[32];
  size_t length;
} Word;

static void hear(MlirStringRef part, void *user)
{
  Word *word = user;
  for (size_t i = 0; i < part.length && word->length + 1 < sizeof word->text; i++)
    word->text[word->length++] = part.data[i];
}

MdlAllReduce mdl_loop_all_reduce_kind(MlirOperation op)
{
  Word word = {"", 0};
  mlirAttributePrint(mdl_op_raw(op, "op"), hear, &word); /* "#gpu<all_reduce_op add>" */
  for (int kind = 0; kind < MDL_ALL_COUNT; kind++)
    for (int is_float = 0; is_float < 2; is_float++) {
      const char *at = strrchr(word.text, ' ');
      size_t length = strlen(words[kind][is_float]);
      if (at && !strncmp(at + 1, words[kind][is_float], length) && at[1 + length] == '>')
        return (MdlAllReduce)kind;
    }
  return MDL_ALL_COUNT;
}
