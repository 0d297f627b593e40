/* From groups to packs: what autograd/program/passes/lower.py does. */

#include "lower.h"

/* Whether an operation has an algorithm of its own: WHOLE of simplify.py. */
static int
is_whole(PyObject *whole, int32_t op)
{
    return op == FOLD_OP ? 0 : PySet_Contains(whole, op_name(op));
}

static int
emit_groups(Lowering *l)
{
    PyObject *whole = python_function("autograd.program.passes.simplify", "WHOLE");
    int failed = whole == NULL;
    for (int64_t g = 0; !failed && g < l->groups.group_count; g++) {
        const Group *group = l->groups.order[g];
        const Lane *lane = &l->groups.lanes[group->first];
        if (group->lanes == 0) {
            continue;
        }
        const int as_whole = is_whole(whole, lane->op);
        failed = as_whole < 0 ||
            (lane->op == FOLD_OP ? emit_fold(l, group, lane)
                                 : emit_row(l, group, lane, as_whole)) < 0;
        forget_scratch(l);
    }
    Py_XDECREF(whole);
    return failed ? -1 : 0;
}

/* Sums over the examples */

typedef struct {
    int64_t slot, at;
} Ranked;

static int
by_slot(const void *x, const void *y)
{
    const Ranked *a = x, *b = y;
    return a->slot != b->slot ? (a->slot < b->slot ? -1 : 1)
        : a->at < b->at       ? -1
                              : a->at > b->at;
}

/* Sums of gradients in the order of the parameters' slots: they are affine, too. */
static int64_t *
order_sums(Lowering *l, const Chosen *parameters, const Chosen *sums)
{
    Ranked *ranked = PyMem_New(Ranked, (size_t)sums->count + 1);
    int64_t *order = PyMem_New(int64_t, (size_t)sums->count + 1);
    if (ranked == NULL || order == NULL) {
        PyMem_Free(ranked);
        PyMem_Free(order);
        PyErr_NoMemory();
        return NULL;
    }
    const int by_parameters = parameters->count >= sums->count;
    for (Py_ssize_t i = 0; i < sums->count; i++) {
        const int32_t k = by_parameters ? parameters->entries[i] : -1;
        ranked[i] = (Ranked){k < 0 ? -1 : l->slot[k], i};
    }
    if (by_parameters) {
        qsort(ranked, (size_t)sums->count, sizeof *ranked, by_slot);
    }
    for (Py_ssize_t i = 0; i < sums->count; i++) {
        order[i] = ranked[i].at;
    }
    PyMem_Free(ranked);
    return order;
}

enum { ALL_DOTS, TOTALS, UNIFORM_TOTALS, SORTS };

static int
sort_of_sum(const Lowering *l, int32_t k, const Lane **lane)
{
    const int32_t n = l->groups.at[k];
    *lane = n >= 0 && l->groups.lanes[n].alone ? &l->groups.lanes[n] : NULL;
    if (*lane != NULL) {
        return l->groups.kinds[(*lane)->kind] == PRODUCT ? ALL_DOTS : TOTALS;
    }
    return l->groups.varies[k] ? TOTALS : UNIFORM_TOTALS;
}

static int
emit_sort(Lowering *l, int sort, const Chosen *sums, const int64_t *order)
{
    int32_t *entries = scratch(l, 2 * sums->count, sizeof *entries);
    Rows out = {scratch(l, sums->count, sizeof *out.slots), 1}, rows[3];
    if (entries == NULL || out.slots == NULL) {
        return -1;
    }
    int64_t lanes = 0;
    for (Py_ssize_t i = 0; i < sums->count; i++) {
        const int32_t k = sums->entries[order[i]];
        const Lane *lane;
        if (sort_of_sum(l, k, &lane) == sort) {
            const int32_t *x = lane == NULL ? NULL : l->groups.args + lane->arg;
            entries[lanes] = x == NULL ? k : x[0];
            entries[sums->count + lanes] = x == NULL ? k : x[1];
            out.slots[lanes++] = (int32_t)i;
        }
    }
    const int count = sort == ALL_DOTS ? 2 : 1;
    for (int i = 0; i < count; i++) {
        if (read_slots(l, entries + i * sums->count, lanes, 1, lanes, &rows[i]) < 0) {
            return -1;
        }
    }
    const Code pack = {.op = sort == ALL_DOTS ? DOTS : TOTAL, .row = -1, .terms = 1,
                       .after_row = -1};
    return cut(l, &pack, 0.0, rows, count, &out, lanes);
}

/* The sums of each sort, in the order in which the sorts are met. */
static int
emit_sums(Lowering *l, const Chosen *sums, const int64_t *order)
{
    int done[SORTS] = {0};
    for (Py_ssize_t i = 0; i < sums->count; i++) {
        const Lane *lane;
        const int sort = sort_of_sum(l, sums->entries[order[i]], &lane);
        if (!done[sort]) {
            done[sort] = 1;
            if (emit_sort(l, sort, sums, order) < 0) {
                return -1;
            }
            forget_scratch(l);
        }
    }
    return 0;
}

/* Python's view */

/* Slots of examples come after the uniform ones. */
static int64_t
moved(const Lowering *l, int64_t slot)
{
    return slot >= LIMIT ? slot - LIMIT + l->numbers.count : slot;
}

static void
move_all(Lowering *l)
{
    Read *reads = l->reads.data;
    for (int64_t i = 0; i < l->reads.count; i++) {
        reads[i].base = moved(l, reads[i].base);
    }
    int32_t *index = l->index.data;
    for (int64_t i = 0; i < l->index.count; i++) {
        index[i] = (int32_t)moved(l, index[i]);
    }
}

static PyObject *
array_in_python(const Array *array, size_t size, const char *format)
{
    return numbers_of_entries(array->data, array->count * (Py_ssize_t)size, format);
}

static PyObject *
slots_in_python(Lowering *l, const int32_t *slots, const Chosen *entries)
{
    Array found = {NULL, 0, 0};
    int64_t *at = more(&found, entries->count, sizeof *at);
    for (Py_ssize_t i = 0; at != NULL && i < entries->count; i++) {
        const int32_t k = entries->entries[i];
        at[i] = moved(l, slots != NULL ? slots[i] : k < 0 ? -1 : l->slot[k]);
    }
    PyObject *view = at == NULL ? NULL : array_in_python(&found, sizeof *at, "q");
    PyMem_Free(found.data);
    return view;
}

static PyObject *
rows_in_python(const Lowering *l)
{
    PyObject *rows = PyList_New(l->operations.count);
    for (int64_t i = 0; rows != NULL && i < l->operations.count; i++) {
        const int32_t op = ((const int32_t *)l->operations.data)[i];
        PyList_SET_ITEM(rows, i, Py_NewRef(op_name(op)));
    }
    return rows;
}

/* Where each sum is: the inverse of the order. */
static PyObject *
totals_in_python(const int64_t *order, Py_ssize_t count)
{
    int64_t *places = PyMem_New(int64_t, (size_t)count + 1);
    if (places == NULL) {
        return PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        places[order[i]] = i;
    }
    PyObject *view = numbers_of_entries(places, count * (Py_ssize_t)sizeof *places, "q");
    PyMem_Free(places);
    return view;
}

/* Put a new reference into a dict, unless it is NULL. */
static int
put(PyObject *found, const char *name, PyObject *part)
{
    const int failed = part == NULL || PyDict_SetItemString(found, name, part) < 0;
    Py_XDECREF(part);
    return failed ? -1 : 0;
}

static PyObject *
in_python(Lowering *l, const Chosen *inputs, const Chosen *parameters,
          const Chosen *outputs, const int32_t *read, const int64_t *order,
          Py_ssize_t sums, int64_t once)
{
    move_all(l);
    PyObject *found = PyDict_New();
    if (found == NULL ||
        put(found, "code", array_in_python(&l->code, sizeof(Code), "q")) < 0 ||
        put(found, "start", array_in_python(&l->start, sizeof(double), "d")) < 0 ||
        put(found, "operands", array_in_python(&l->reads, sizeof(Read), "q")) < 0 ||
        put(found, "index", array_in_python(&l->index, sizeof(int32_t), "i")) < 0 ||
        put(found, "numbers", array_in_python(&l->numbers, sizeof(double), "d")) < 0 ||
        put(found, "inputs", slots_in_python(l, NULL, inputs)) < 0 ||
        put(found, "parameters", slots_in_python(l, NULL, parameters)) < 0 ||
        put(found, "outputs", slots_in_python(l, read, outputs)) < 0 ||
        put(found, "totals", totals_in_python(order, sums)) < 0 ||
        put(found, "rows", rows_in_python(l)) < 0 ||
        put(found, "slots", PyLong_FromLongLong(l->numbers.count + l->examples)) < 0 ||
        put(found, "once", PyLong_FromLongLong(once)) < 0) {
        Py_CLEAR(found);
    }
    return found;
}

static int
begin(Lowering *l)
{
    l->slot = array_grow(NULL, ((size_t)l->tape->count + 1) * sizeof *l->slot);
    if (l->slot == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memset(l->slot, 0xff, ((size_t)l->tape->count + 1) * sizeof *l->slot);
    return map_make(&l->constants, 64);
}

static void
end(Lowering *l)
{
    forget_scratch(l);
    Array *const arrays[] = {&l->numbers, &l->code, &l->start, &l->reads, &l->index,
                             &l->operations, &l->scratch, &l->heads, &l->grids, &l->ends};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(arrays); i++) {
        PyMem_Free(arrays[i]->data);
    }
    array_free(l->slot);
    map_free(&l->constants);
    groups_free(&l->groups);
}

/* Entries from Python, -1 for those that are not there. */
static int
choose(PyObject *sequence, const Tape *tape, Chosen *chosen)
{
    PyObject *fast = PySequence_Fast(sequence, "entries must be a sequence");
    if (fast == NULL) {
        return -1;
    }
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(fast);
    *chosen = (Chosen){PyMem_New(int32_t, (size_t)count + 1), count};
    if (chosen->entries == NULL) {
        PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; !PyErr_Occurred() && i < count; i++) {
        const Py_ssize_t k =
            PyNumber_AsSsize_t(PySequence_Fast_GET_ITEM(fast, i), PyExc_IndexError);
        if (!PyErr_Occurred() && (k < -1 || k >= tape->count)) {
            PyErr_Format(PyExc_IndexError, "entry %zd of a tape of %lld", k,
                         (long long)tape->count);
        }
        chosen->entries[i] = (int32_t)k;
    }
    Py_DECREF(fast);
    return PyErr_Occurred() ? -1 : 0;
}

/* lowered(inputs, parameters, outputs, varying, sums): the arrays of the packs, and the
   numbers of ``Packs``, in a dict. */
PyObject *
tape_lowered(Tape *tape, PyObject *args)
{
    PyObject *given[5];
    if (!PyArg_ParseTuple(args, "OOOOO:lowered", &given[0], &given[1], &given[2],
                          &given[3], &given[4])) {
        return NULL;
    }
    Chosen chosen[5] = {{NULL, 0}};
    const Chosen *inputs = &chosen[0], *parameters = &chosen[1], *outputs = &chosen[2],
                 *varying = &chosen[3], *sums = &chosen[4];
    Lowering l = {.tape = tape};
    int failed = 0;
    for (int i = 0; !failed && i < 5; i++) {
        failed = choose(given[i], tape, &chosen[i]) < 0;
        for (Py_ssize_t j = 0; !failed && i >= 2 && j < chosen[i].count; j++) {
            failed = chosen[i].entries[j] < 0;
            if (failed) {
                PyErr_SetString(PyExc_IndexError, "an entry that is not there");
            }
        }
    }
    Rows read = {NULL, 0};
    int64_t *order = NULL, once = 0;
    PyObject *found = NULL;
    failed = failed || begin(&l) < 0 ||
        groups_find(&l.groups, tape, outputs, varying, sums) < 0 || emit_groups(&l) < 0;
    if (!failed) {
        for (int64_t i = 0; i < l.code.count; i++) {
            const Code *code = (const Code *)l.code.data + i;
            once += ((const Read *)l.reads.data)[code->first].base < LIMIT;
        }
        order = order_sums(&l, parameters, sums);
        failed = order == NULL || emit_sums(&l, sums, order) < 0 ||
            read_slots(&l, outputs->entries, outputs->count, 1, outputs->count, &read) < 0;
    }
    if (!failed) {
        found = in_python(&l, inputs, parameters, outputs, read.slots, order, sums->count,
                          once);
    }
    PyMem_Free(order);
    end(&l);
    for (int i = 0; i < 5; i++) {
        PyMem_Free(chosen[i].entries);
    }
    return found;
}
