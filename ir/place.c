/* Names and places. A value's name is the name part of its location; a result of an op with several
 * has it in the op's attribute `mdl.names`. */
#include "ir/ir.h"

#include <string.h>

#include <mlir-c/BuiltinAttributes.h>

static const char *name_in(MdlIr *ir, MlirLocation location)
{
  if (!mlirLocationIsAName(location)) return NULL;
  MlirStringRef s = mlirIdentifierStr(mlirLocationNameGetName(location));
  return s.length ? mdl_intern(ir->arena, s.data, s.length) : NULL;
}

static const char *name_listed(MdlIr *ir, MlirOperation op, int result)
{
  MlirAttribute names = mdl_op_raw(op, "mdl.names");
  if (mlirAttributeIsNull(names) || !mlirAttributeIsAArray(names) ||
      result >= mlirArrayAttrGetNumElements(names))
    return NULL;
  MlirStringRef s = mlirStringAttrGetValue(mlirArrayAttrGetElement(names, result));
  return s.length ? mdl_intern(ir->arena, s.data, s.length) : NULL;
}

const char *mdl_value_name(MdlIr *ir, MlirValue value)
{
  MlirOperation op = mdl_def(value);
  if (!mdl_is_null(op) && mdl_result_count(op) > 1)
    return name_listed(ir, op, mdl_result_index(value));
  return name_in(ir, mlirValueGetLocation(value));
}

void mdl_value_set_name(MdlIr *ir, MlirValue value, const char *name)
{
  MlirOperation op = mdl_def(value);
  if (mdl_is_null(op)) {
    mlirBlockArgumentSetLocation(
        value, mdl_location_named(ir, mlirValueGetLocation(value), name));
    return;
  }
  int count = mdl_result_count(op);
  if (count == 1) {
    mlirOperationSetLocation(op, mdl_location_named(ir, mlirOperationGetLocation(op), name));
    return;
  }
  MlirAttribute *names = MDL_NEW(ir->arena, MlirAttribute, (size_t)count);
  for (int i = 0; i < count; i++) {
    const char *now = i == mdl_result_index(value) ? name : name_listed(ir, op, i);
    names[i] = mlirStringAttrGet(ir->context, mlirStringRefCreateFromCString(now ? now : ""));
  }
  mdl_op_set_raw(ir, op, "mdl.names", mlirArrayAttrGet(ir->context, count, names));
}

MlirLocation mdl_location_named(MdlIr *ir, MlirLocation location, const char *name)
{
  MlirLocation inner =
      mlirLocationIsAName(location) ? mlirLocationNameGetChildLoc(location) : location;
  if (!name || !*name) return inner;
  return mlirLocationNameGet(ir->context, mlirStringRefCreateFromCString(name), inner);
}

MlirLocation mdl_location(MdlIr *ir, MdlSpan span, const char *name)
{
  MlirLocation place = mlirLocationUnknownGet(ir->context);
  if (span.file >= 0) {
    const MdlFile *file = &ir->session->files[span.file];
    MdlPosition from = mdl_position(ir->session, span.file, span.start);
    MdlPosition to = mdl_position(ir->session, span.file, span.end);
    place = mlirLocationFileLineColRangeGet(
        ir->context, mlirStringRefCreateFromCString(file->path), (unsigned)from.line,
        (unsigned)from.column, (unsigned)to.line, (unsigned)to.column);
  }
  return mdl_location_named(ir, place, name);
}

MlirLocation mdl_location_of(MlirOperation op) { return mlirOperationGetLocation(op); }

/* The file range under names, or a location that is none. */
static MlirLocation range_in(MlirLocation location)
{
  while (mlirLocationIsAName(location)) location = mlirLocationNameGetChildLoc(location);
  return location;
}

static MlirLocation range_of(MlirOperation op) { return range_in(mlirOperationGetLocation(op)); }

static MdlSpot spot_at(MdlIr *ir, MlirLocation at)
{
  if (!mlirLocationIsAFileLineColRange(at)) return (MdlSpot){NULL, 0, 0};
  MlirStringRef path = mlirIdentifierStr(mlirLocationFileLineColRangeGetFilename(at));
  return (MdlSpot){mdl_intern(ir->arena, path.data, path.length),
                   mlirLocationFileLineColRangeGetStartLine(at),
                   mlirLocationFileLineColRangeGetStartColumn(at)};
}

MdlSpot mdl_spot_of(MdlIr *ir, MlirOperation op) { return spot_at(ir, range_of(op)); }

MdlSpot mdl_spot_of_value(MdlIr *ir, MlirValue value)
{
  return spot_at(ir, range_in(mlirValueGetLocation(value)));
}

static MdlSpan span_at(MdlIr *ir, MlirLocation at)
{
  if (!mlirLocationIsAFileLineColRange(at)) return MDL_NO_SPAN;
  MlirStringRef path = mlirIdentifierStr(mlirLocationFileLineColRangeGetFilename(at));
  for (int i = 0; i < ir->session->file_count; i++) {
    const char *known = ir->session->files[i].path;
    if (strlen(known) != path.length || memcmp(known, path.data, path.length)) continue;
    uint32_t start =
        mdl_byte_of(ir->session, i, mlirLocationFileLineColRangeGetStartLine(at),
                    mlirLocationFileLineColRangeGetStartColumn(at));
    uint32_t end = mdl_byte_of(ir->session, i, mlirLocationFileLineColRangeGetEndLine(at),
                               mlirLocationFileLineColRangeGetEndColumn(at));
    return (MdlSpan){i, start, end > start ? end : start + 1};
  }
  return MDL_NO_SPAN;
}

MdlSpan mdl_span_of(MdlIr *ir, MlirOperation op)
{
  return span_at(ir, range_of(op));
}

MdlSpan mdl_span_of_arg(MdlIr *ir, MlirValue arg)
{
  return span_at(ir, range_in(mlirValueGetLocation(arg)));
}

void mdl_arg_set_span(MdlIr *ir, MlirValue arg, MdlSpan at)
{
  mlirBlockArgumentSetLocation(arg, mdl_location(ir, at, mdl_value_name(ir, arg)));
}

int mdl_line_of(MdlIr *ir, MlirOperation op, const char **file)
{
  MdlSpot spot = mdl_spot_of(ir, op);
  if (file && spot.line) *file = spot.file;
  return spot.line;
}
