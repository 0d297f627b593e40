/* The partials of recorded nodes, evaluated once more on the Values of the graph.

   ``routines.h`` has the table's partials as steps. They go by three times: forwards
   for the numbers, which says whether C is sure of them and whether they are still
   those that were recorded; backwards for what the result depends on; and forwards to
   record that. The nodes are those that the table itself records when Python runs it,
   for which see ``Partials`` in ``autograd.derivatives.sweeps``. */

#include "engine.h"

#include "rows.h"

enum {
    STEP_number = ROWS,
    STEP_lt,
    STEP_le,
    STEP_eq,
    STEP_ne,
    STEP_gt,
    STEP_ge,
};

/* What fills a slot: a row applied to others, a number, or a comparison. */
typedef struct {
    uint16_t what;
    uint8_t count;
    uint8_t slots[MOST_OPERANDS];
    double number;
} Step;

/* The first slots are the arguments, each of the others is filled by its step. */
typedef struct {
    uint8_t arguments, steps, result;
    const Step *step;
} Routine;

enum { IN_PYTHON = UINT8_MAX }; /* in place of the slot of the result: C has none */

#include "routines.h"

static const Routine *const routines[ROWS] = {
#define ROUTINES(name) [ROW_##name] = routines_##name,
    EVERY_ROW(ROUTINES)
#undef ROUTINES
};

/* What is in a slot. */
typedef struct {
    double number;
    Value *node;  /* NULL if it is no Value, or none yet; owned, if a step made it */
    char is_node; /* whether it is a Value, or would be one */
    char needed;
} Slot;

/* Fill in the arguments: the operands, or those of a reduction's term, then the result,
   and the number of terms. A row of a fixed number of operands has one term. */
static void
take_arguments(const Value *node, uint32_t t, uint32_t n, uint32_t columns, Slot *slots)
{
    for (uint32_t c = 0; c < columns; c++) {
        const Edge *edge = &node->edges[c * n + t];
        slots[c] = (Slot){number_of(edge), edge->operand, edge->operand != NULL, 0};
    }
    slots[columns] = (Slot){node->data, (Value *)node, 1, 0};
    slots[columns + 1] = (Slot){n, NULL, 0, 0};
}

static int
compare(uint32_t how, double x, double y)
{
    switch (how) {
    case STEP_lt:
        return x < y;
    case STEP_le:
        return x <= y;
    case STEP_eq:
        return x == y;
    case STEP_ne:
        return x != y;
    case STEP_gt:
        return x > y;
    default:
        return x >= y;
    }
}

/* The number of a step, and whether it would be a Value. Returns 1, 0 if C is not sure of
   it, or -1 with an exception. Where Python computes with plain numbers, it may raise. */
static int
compute(const Step *step, const Slot *slots, Slot *result)
{
    Edge x[MOST_OPERANDS];
    *result = (Slot){step->number, NULL, 0, 0};
    for (int k = 0; k < step->count; k++) {
        const Slot *from = &slots[step->slots[k]];
        x[k] = (Edge){NULL, from->number};
        result->is_node |= from->is_node;
    }
    if (step->what == ROW_where) {
        result->number = x[x[0].partial != 0.0 ? 1 : 2].partial;
    }
    else if (step->what < ROWS) {
        return record_number(step->what, x, step->count, result->is_node, &result->number);
    }
    else if (step->what != STEP_number) {
        result->number = compare(step->what, x[0].partial, x[1].partial);
        result->is_node = 0;
    }
    return 1;
}

/* Which of the operands of a ``where`` is not chosen: as a constant it stays in view. */
static int
other_of(const Step *step, const Slot *slots)
{
    return slots[step->slots[0]].number != 0.0 ? 2 : 1;
}

/* Say which slots are needed for the result. */
static void
mark(const Routine *routine, Slot *slots)
{
    slots[routine->result].needed = 1;
    for (int s = routine->steps; s-- > 0;) {
        const Step *step = &routine->step[s];
        if (slots[routine->arguments + s].needed) {
            const int where = step->what == ROW_where;
            for (int k = where; k < step->count; k++) {
                if (!where || k != other_of(step, slots)) {
                    slots[step->slots[k]].needed = 1;
                }
            }
        }
    }
}

/* Whether a node was made of numbers alone. */
static int
is_constant(const Value *node)
{
    int constant = node->count > 0;
    for (uint32_t i = 0; constant && i < node->count; i++) {
        constant = node->edges[i].operand == NULL;
    }
    return constant;
}

/* Record a step that would be a Value. */
static int
record_step(const Step *step, const Slot *slots, Slot *result)
{
    Edge operands[MOST_OPERANDS];
    for (int k = 0; k < step->count; k++) {
        const Slot *from = &slots[step->slots[k]];
        operands[k] = (Edge){from->node, from->number};
    }
    if (step->what == ROW_where) {
        operands[0] = (Edge){NULL, operands[0].partial != 0.0};
        operands[other_of(step, slots)].operand = NULL;
    }
    result->node = record_known(step->what, result->number, operands, step->count);
    return result->node != NULL ? 0 : -1;
}

/* Record what the result needs, and take it out of its slot. */
static int
record_all(const Routine *routine, Slot *slots, Edge *partial)
{
    const Slot *result = &slots[routine->result];
    int failed = 0;
    mark(routine, slots);
    for (int s = 0; !failed && s < routine->steps; s++) {
        Slot *slot = &slots[routine->arguments + s];
        failed = slot->needed && slot->is_node && record_step(&routine->step[s], slots, slot) < 0;
    }
    *partial = (Edge){NULL, result->number};
    if (!failed && result->node != NULL && !is_constant(result->node)) {
        partial->operand = (Value *)Py_NewRef((PyObject *)result->node);
    }
    for (int s = 0; s < routine->steps; s++) {
        Py_XDECREF((PyObject *)slots[routine->arguments + s].node);
    }
    return failed ? -1 : 0;
}

static int
same(double x, double y)
{
    return x == y || (x != x && y != y);
}

/* Whether no operand has another ``.data`` now than when the node was recorded; or -1. */
static int
unchanged(const Value *node)
{
    double z;
    if (record_number(row_of(node), node->edges, node->count, 1, &z) < 0) {
        return -1;
    }
    return same(z, node->data);
}

/* The derivative of a node by operand i: a number, or an owned Value. Returns 1, 0 if
   Python must be asked, or -1 with an exception. ``checked`` says whether the node is
   known to be as it was recorded. */
int
partial_again(const Value *node, uint32_t i, int *checked, Edge *partial)
{
    const uint32_t row = row_of(node);
    Slot slots[MOST_SLOTS + 1]; /* one argument more than some rows have */
    if (row >= ROWS || (record_arity(row) > 0 && record_arity(row) != node->count)) {
        return 0;
    }
    const int fixed = record_arity(row) > 0;
    const Routine *routine = routines[row];
    const uint32_t columns = (uint32_t)routine->arguments - (fixed ? 1 : 2);
    const uint32_t n = fixed ? 1 : node->count / columns;
    if (i >= n * columns) {
        *partial = (Edge){NULL, 1.0}; /* what a sum starts with */
        return 1;
    }
    routine += i / n;
    if (routine->result == IN_PYTHON) {
        return 0;
    }
    take_arguments(node, i % n, n, columns, slots);
    int sure = 1;
    for (int s = 0; sure > 0 && s < routine->steps; s++) {
        sure = compute(&routine->step[s], slots, &slots[routine->arguments + s]);
    }
    const Slot *result = &slots[routine->result];
    if (sure > 0 && result->is_node) {
        sure = same(result->number, node->edges[i].partial);
        if (sure && !*checked) {
            sure = unchanged(node);
            *checked = sure > 0;
        }
    }
    if (sure > 0) {
        sure = record_all(routine, slots, partial) < 0 ? -1 : 1;
    }
    return sure;
}
