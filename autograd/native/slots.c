/* Slots: where the number of an entry lies while a program runs.

   Each entry gets one: leaves and constants when they are first read, lanes side by side
   when their group is emitted. The slots that a group reads are arrays (terms, lanes). */

#include "lower.h"

/* Memory */

void *
more(Array *array, int64_t count, size_t size)
{
    if (array->data == NULL || array->count + count > array->room) {
        const int64_t room = 2 * array->room + count + 16;
        void *data = PyMem_Realloc(array->data, (size_t)room * size);
        if (data == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        array->data = data;
        array->room = room;
    }
    void *at = (char *)array->data + (size_t)array->count * size;
    array->count += count;
    return at;
}

void *
scratch(Lowering *l, int64_t count, size_t size)
{
    void **kept = more(&l->scratch, 1, sizeof *kept);
    if (kept == NULL) {
        return NULL;
    }
    *kept = PyMem_Malloc((size_t)count * size + 1);
    if (*kept == NULL) {
        PyErr_NoMemory();
    }
    return *kept;
}

void
forget_scratch(Lowering *l)
{
    for (int64_t i = 0; i < l->scratch.count; i++) {
        PyMem_Free(((void **)l->scratch.data)[i]);
    }
    l->scratch.count = 0;
}

/* Slots */

/* Give an entry the next slot. */
static int
place(Lowering *l, int32_t k)
{
    if (l->groups.varies[k]) {
        l->slot[k] = LIMIT + l->examples++;
        return 0;
    }
    double *number = more(&l->numbers, 1, sizeof *number);
    if (number == NULL) {
        return -1;
    }
    *number = 0.0;
    l->slot[k] = (int32_t)(l->numbers.count - 1);
    return 0;
}

static int32_t
constant_slot(Lowering *l, double x)
{
    const uint64_t key = bits(x);
    int32_t slot = *map_at(&l->constants, key);
    if (slot < 0) {
        slot = (int32_t)l->numbers.count;
        double *number = more(&l->numbers, 1, sizeof *number);
        if (number == NULL || map_put(&l->constants, key, slot) < 0) {
            return -1;
        }
        *number = x;
    }
    return slot;
}

/* Slots for leaves that have none, in the order in which they are read: lane by lane,
   the uniform ones first. */
static int
place_leaves(Lowering *l, const int32_t *entries, int64_t step, int64_t terms,
             int64_t lanes)
{
    for (int varies = 0; varies < 2; varies++) {
        for (int64_t j = 0; j < lanes; j++) {
            for (int64_t r = 0; r < terms; r++) {
                const int32_t k = entries[r * step + j];
                if (l->slot[k] < 0 && l->tape->op[k] != OP_NUMBER &&
                    l->groups.varies[k] == varies && place(l, k) < 0) {
                    return -1;
                }
            }
        }
    }
    return 0;
}

/* Slots for the numbers among entries: one for each of them where all are numbers and
   not the same, one for all that are alike otherwise. */
static int
place_numbers(Lowering *l, const int32_t *entries, int64_t step, int64_t lanes,
              int apart, Rows *rows)
{
    const int64_t all = rows->terms * lanes;
    double *numbers = apart ? more(&l->numbers, all, sizeof *numbers) : NULL;
    if (apart && numbers == NULL) {
        return -1;
    }
    const int32_t first = (int32_t)(l->numbers.count - all);
    for (int64_t i = 0; i < all; i++) {
        const double x = l->tape->number[entries[i / lanes * step + i % lanes]];
        int32_t *slot = &rows->slots[i];
        if (apart) {
            numbers[i] = x;
            *slot = first + (int32_t)i;
        }
        else if (*slot < 0 && (*slot = constant_slot(l, x)) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The slots of entries: row r begins at r * step. */
int
read_slots(Lowering *l, const int32_t *entries, int64_t step, int64_t terms,
           int64_t lanes, Rows *rows)
{
    const Tape *tape = l->tape;
    int64_t missing = 0;
    int same = 1, leaves = 0;
    uint64_t one = 0;
    *rows = (Rows){scratch(l, terms * lanes, sizeof *rows->slots), terms};
    if (rows->slots == NULL) {
        return -1;
    }
    for (int64_t r = 0; r < terms; r++) {
        for (int64_t j = 0; j < lanes; j++) {
            const int32_t k = entries[r * step + j];
            leaves |= l->slot[k] < 0 && tape->op[k] != OP_NUMBER;
        }
    }
    if (leaves && place_leaves(l, entries, step, terms, lanes) < 0) {
        return -1;
    }
    for (int64_t r = 0; r < terms; r++) {
        for (int64_t j = 0; j < lanes; j++) {
            const int32_t k = entries[r * step + j];
            rows->slots[r * lanes + j] = l->slot[k];
            if (l->slot[k] < 0) {
                const uint64_t key = bits(tape->number[k]);
                same = same && (missing == 0 || key == one);
                one = key;
                missing++;
            }
        }
    }
    const int apart = missing == terms * lanes && !same;
    return missing == 0 ? 0 : place_numbers(l, entries, step, lanes, apart, rows);
}

/* Slots for the nodes of a group. */
int
place_group(Lowering *l, const Group *group, Rows *out)
{
    *out = (Rows){scratch(l, group->lanes, sizeof *out->slots), 1};
    for (int32_t j = 0; j < group->lanes; j++) {
        if (out->slots == NULL || place(l, group->nodes[j]) < 0) {
            return -1;
        }
        out->slots[j] = l->slot[group->nodes[j]];
    }
    return 0;
}
