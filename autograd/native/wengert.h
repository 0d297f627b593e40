/* What the files of the tape share: the type of ``autograd.program.tape.Tape`` in C, and
   the passes over it.

   wengert.c keeps the entries, with map.c, operations.c, columns.c and compute.c;
   entries.c writes the graph of Values onto a tape; adjoint.c and tangent.c append
   derivatives, with slopes.c; simplify.c leaves what outputs need; groups.c makes folds,
   and groups of those that are alike; lower.c makes packs of the groups, as lower.h
   tells. Each does what ``autograd/program`` does in Python, entry by entry, and the tests
   compare the two. */

#ifndef AUTOGRAD_WENGERT_H
#define AUTOGRAD_WENGERT_H

#include "engine.h"

#include "rows.h"

/* Operations by number: what no row is, then the rows of the table, then all others,
   such as "pow:0", in the order in which they are first met. */
enum { OP_INPUT, OP_PARAMETER, OP_NUMBER, OP_DETACH, OP_LESS, OP_LESS_EQUAL, OP_EQUAL,
       FIRST_ROW };

/* Flags of an entry. STEP and VANISHES: Tape.is_step and is_zero, in Python. */
enum { KNOWN = 1, CHECKED = 2, ON_INPUT = 4, ON_PARAMETER = 8, SHARE = 16, VANISHES = 32,
       STEP = 64 };

/* From 64 bits to an entry. */
typedef struct {
    uint64_t *keys;
    int32_t *entries; /* -1 where there is none */
    uint64_t mask;
    int64_t count;
} Map;

typedef struct {
    PyObject_HEAD
    int32_t *op;
    int32_t *first; /* where its operands begin; one more than there are entries */
    int32_t *arg;
    double *number; /* what it was when it was recorded, where KNOWN */
    uint8_t *flags;
    int64_t count, room, arg_count, arg_room;
    int64_t later; /* entries before this one are leaves and rows, and no partials */
    Map constants;       /* from the bits of a number */
    PyObject *labels;    /* a dict */
    PyObject *columns;   /* a dict */
    PyObject *written_out; /* a dict from partials to the entries that stand for them */
    char careful, hasty;
} Tape;

extern PyTypeObject *Tape_Type;

static inline int64_t
operand_count(const Tape *tape, int64_t k)
{
    return tape->first[k + 1] - tape->first[k];
}

static inline const int32_t *
operands_of(const Tape *tape, int64_t k)
{
    return tape->arg + tape->first[k];
}

static inline int
is_leaf_op(int32_t op)
{
    return op <= OP_NUMBER;
}

/* The bits of a number, by which constants are told apart: -0.0 from 0.0, nan by nan. */
static inline uint64_t
bits(double x)
{
    uint64_t key;
    memcpy(&key, &x, sizeof key);
    return key;
}

/* A hash of a hash and one more number. */
static inline uint64_t
mixed(uint64_t hash, uint64_t x)
{
    hash = (hash ^ x) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

/* map.c */

int map_make(Map *map, int64_t expected);
void map_free(Map *map);
int32_t *map_at(Map *map, uint64_t key);
int map_put(Map *map, uint64_t key, int32_t entry);

/* operations.c */

int list_operations(void);
int32_t op_number(PyObject *name);
PyObject *op_name(int32_t op);
int op_is_partial(int32_t op);
void *by_operation(void *known, int64_t *count, int32_t op, size_t size);
extern const int32_t first_later_op; /* that is no row of the table as it was built */
PyObject *python_function(const char *module, const char *name);

/* columns.c */

enum { OPS_OF, ARGS_OF, NUMBERS_OF, CHECKED_OF };

int columns_init(PyObject *module);
PyObject *tape_column(Tape *tape, void *what);

/* compute.c */

int tape_value(Tape *tape, int32_t k, double *number);

/* wengert.c */

Tape *tape_new(void);
int tape_reserve(Tape *tape, int64_t entries, int64_t args);
int32_t tape_constant(Tape *tape, double x);
int32_t tape_written_out(Tape *tape, int32_t k);
int32_t *entries_from(PyObject *sequence, const Tape *tape, Py_ssize_t *count);
PyObject *list_of_entries(const int32_t *entries, Py_ssize_t count);
PyObject *numbers_of_entries(const void *data, Py_ssize_t size, const char *format);

/* entries.c, adjoint.c, tangent.c, simplify.c, lower.c, player.c: methods of a tape */

int entries_init(PyObject *module);
PyObject *tape_sweep(Tape *tape, PyObject *args);
PyObject *tape_push(Tape *tape, PyObject *args);
PyObject *tape_simplified(Tape *tape, PyObject *outputs);
PyObject *tape_lowered(Tape *tape, PyObject *args);
PyObject *tape_player(Tape *tape, PyObject *args);

/* Append an entry, with the flags of ``more`` and those that its operands hand on.
   ``args`` are none of the tape's own array. Returns its position; -1 without memory. */
static inline int32_t
tape_append(Tape *tape, int32_t op, const int32_t *args, int64_t count, double number,
            uint8_t more)
{
    if ((tape->count >= tape->room || tape->arg_count + count > tape->arg_room) &&
        tape_reserve(tape, 1, count) < 0) {
        return -1;
    }
    const int64_t k = tape->count++;
    int32_t *arg = tape->arg + tape->arg_count;
    uint8_t some = 0, all = STEP | VANISHES; /* of its operands' flags */
    for (int64_t i = 0; i < count; i++) {
        arg[i] = args[i];
        some |= tape->flags[args[i]];
        all &= tape->flags[args[i]];
    }
    more |= some & (ON_INPUT | ON_PARAMETER);
    if (op < FIRST_ROW) {
        all = op >= OP_LESS ? STEP : 0;
    }
    else if (count == 3 && op == FIRST_ROW + ROW_where) {
        all = tape->flags[args[1]] & tape->flags[args[2]] & (STEP | VANISHES);
    }
    if (all != 0) {
        const int adds = op == FIRST_ROW + ROW_add || op == FIRST_ROW + ROW_sub ||
            op == FIRST_ROW + ROW_neg || op == FIRST_ROW + ROW_where;
        more |= adds ? all : all & STEP;
    }
    if (op >= first_later_op && k < tape->later) {
        tape->later = k;
    }
    tape->op[k] = op;
    if (more & KNOWN || is_leaf_op(op)) {
        tape->number[k] = number;
    }
    tape->flags[k] = more;
    tape->arg_count += count;
    tape->first[k + 1] = (int32_t)tape->arg_count;
    return (int32_t)k;
}

/* Append an entry with its number, if that is known. */
static inline int32_t
tape_add(Tape *tape, int32_t op, const int32_t *args, int64_t count, const double *number,
         int checked)
{
    const uint8_t flags = (uint8_t)((number != NULL ? KNOWN : 0) | (checked ? CHECKED : 0) |
                                    (op == OP_INPUT ? ON_INPUT : 0) |
                                    (op == OP_PARAMETER ? ON_PARAMETER : 0));
    return tape_append(tape, op, args, count, number != NULL ? *number : 0.0, flags);
}

/* The entry that stands for k: what a partial of a row is written out as, or k itself. */
static inline int32_t
tape_expanded(Tape *tape, int32_t k)
{
    return k < tape->later || tape->op[k] < first_later_op ? k
                                                            : tape_written_out(tape, k);
}

#endif
