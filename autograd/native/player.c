/* A recording on Values: what its function would make of them, without running it.

   A step is an entry of a tape, with the partials of rows written out. If an operand of
   it is a Value it makes a node, as the function does, and else a number. What is not
   certain, such as a number that is not finite, is not for a player: it answers
   NotImplemented, and the function itself is asked. */

#include "program.h"

#include "wengert.h"

#include <structmember.h>

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *leaves, *watch;
    Edge *slots; /* what is in them before a call: of inputs, leaves, numbers, steps */
    int32_t *op, *first, *arg; /* of the steps; their operands are slots */
    int32_t *outputs, *guards; /* slots */
    char *outcomes; /* of the guards */
    char *on; /* for each output, whether each input makes a Value of it; or a leaf */
    Py_ssize_t inputs, steps, count, most, guard_count; /* most operands of a step */
    Shape arguments, result;
} Player;

enum { CONSTANT = OP_NUMBER }; /* as a step: a detach that is a sweep's, and no leaf */

static PyTypeObject *Player_Type;

/* The operands of a call, without running Python code: returns whether they are in this
   structure. No deeper than the shape, which was read under Python's limit. */
static int
take_operands(const Shape *shape, PyObject *x, Edge **to)
{
    if (shape->kind == ONE) {
        Edge *edge = (*to)++;
        if (is_value(x)) {
            edge->operand = (Value *)Py_NewRef(x);
            return 1;
        }
        edge->partial = PyFloat_CheckExact(x) ? PyFloat_AS_DOUBLE(x) : 0.0;
        return PyFloat_CheckExact(x);
    }
    if (shape->kind == ARRAY) { /* of Values it is one of objects */
        return 0;
    }
    if (shape->kind == LIST ? !PyList_CheckExact(x) : !PyTuple_CheckExact(x)) {
        return 0;
    }
    int fits = PySequence_Fast_GET_SIZE(x) == shape->count;
    for (Py_ssize_t i = 0; fits && i < shape->count; i++) {
        fits = take_operands(&shape->parts[i], PySequence_Fast_GET_ITEM(x, i), to);
    }
    return fits;
}

/* What a row raises: the function raises the first in its own order. Returns 0, or -1 for
   what no row raises. */
static int
leave_to_function(void)
{
    if (!PyErr_ExceptionMatches(PyExc_ArithmeticError) &&
        !PyErr_ExceptionMatches(PyExc_ValueError)) {
        return -1;
    }
    PyErr_Clear();
    return 0;
}

/* A row whose operands go to it as objects. */
static int
play_objects(uint32_t row, const Edge *operands, Py_ssize_t count, Edge *slot)
{
    PyObject *tuple = PyTuple_New(count), *made = NULL;
    for (Py_ssize_t i = 0; tuple != NULL && i < count; i++) {
        PyObject *x = operands[i].operand != NULL
            ? Py_NewRef((PyObject *)operands[i].operand)
            : PyFloat_FromDouble(operands[i].partial);
        if (x == NULL) {
            Py_CLEAR(tuple);
        }
        else {
            PyTuple_SET_ITEM(tuple, i, x);
        }
    }
    if (tuple != NULL) {
        made = record(row, &PyTuple_GET_ITEM(tuple, 0), count);
        Py_DECREF(tuple);
    }
    if (made == NULL) {
        return leave_to_function();
    }
    slot->operand = (Value *)made;
    return isfinite(slot->operand->data);
}

/* A row of any number of operands: a node if one of them is a Value, else a number. */
static int
play_reduction(uint32_t row, const Edge *operands, Py_ssize_t count, int live, Edge *slot)
{
    if (live) {
        return play_objects(row, operands, count, slot);
    }
    const int known = record_number(row, operands, (size_t)count, 1, &slot->partial);
    return known < 0 ? leave_to_function() : isfinite(slot->partial) != 0;
}

/* A Value that is only a number: no leaf, so that nobody takes it for a variable. */
static PyObject *
make_constant(double x)
{
    Value *node = value_new(ROW_pos, x, 1);
    if (node == NULL) {
        return NULL;
    }
    set_edge(&node->edges[0], NULL, x);
    return finished(node);
}

/* What is no row of the table: numbers, but for what stays a Value. */
static int
play_other(int32_t op, const Edge *operands, int live, Edge *slot)
{
    const double x = number_of(&operands[0]);
    if (op == OP_DETACH || op == CONSTANT) {
        slot->partial = x;
        if (live) {
            slot->operand =
                op == CONSTANT ? (Value *)make_constant(x) : value_leaf(x);
        }
        return slot->operand != NULL || !live ? 1 : -1;
    }
    const double y = number_of(&operands[1]);
    slot->partial = op == OP_LESS ? x < y : op == OP_LESS_EQUAL ? x <= y : x == y;
    return 1;
}

/* One step. Returns 1, 0 if that is for the function, or -1 with an exception. */
static int
play(const Player *player, Py_ssize_t i, Edge *slots, Edge *room)
{
    const int32_t op = player->op[i];
    const int32_t *arg = player->arg + player->first[i];
    const Py_ssize_t count = player->first[i + 1] - player->first[i];
    Edge *slot = &slots[player->count - player->steps + i];
    int live = 0;
    for (Py_ssize_t j = 0; j < count; j++) {
        room[j] = slots[arg[j]];
        live |= room[j].operand != NULL;
    }
    if (op < FIRST_ROW) {
        return play_other(op, room, live, slot);
    }
    const uint32_t row = (uint32_t)(op - FIRST_ROW);
    if (row == ROW_where) { /* as record.c does: what is not chosen stays in view */
        const int other = number_of(&room[0]) != 0.0 ? 2 : 1;
        live = room[1].operand != NULL || room[2].operand != NULL;
        room[0] = (Edge){NULL, number_of(&room[0])};
        room[other] = (Edge){NULL, number_of(&room[other])};
    }
    return record_arity(row) == 0 ? play_reduction(row, room, count, live, slot)
                                  : record_row(row, room, (size_t)count, live, slot);
}

/* What is left to give of a call's results. */
typedef struct {
    const Player *player;
    const Edge *slots;
    const int32_t *output;
    const char *on;
} Results;

static PyObject *
give_one(void *from)
{
    Results *results = from;
    const Player *player = results->player;
    const Edge *slot = &results->slots[*results->output++];
    const char *on = results->on;
    results->on += player->inputs + 1;
    int live = on[player->inputs];
    for (Py_ssize_t i = 0; !live && i < player->inputs; i++) {
        live = on[i] && results->slots[i].operand != NULL;
    }
    return slot->operand != NULL ? Py_NewRef((PyObject *)slot->operand)
        : live                   ? make_constant(slot->partial)
                                 : PyFloat_FromDouble(slot->partial);
}

/* Fill the slots. Returns 1, 0 if the call is for the function, or -1. */
static int
play_all(const Player *player, PyObject *const *args, Edge *slots, Edge *room)
{
    Edge *to = slots;
    int fits = 1, live = 0;
    for (Py_ssize_t i = 0; fits && i < player->arguments.count; i++) {
        fits = take_operands(&player->arguments.parts[i], args[i], &to);
    }
    for (Py_ssize_t i = 0; i < player->inputs; i++) {
        live |= slots[i].operand != NULL;
    }
    fits = fits && live;
    for (Py_ssize_t i = 0; fits && i < PyTuple_GET_SIZE(player->leaves); i++) {
        to++->operand = (Value *)Py_NewRef(PyTuple_GET_ITEM(player->leaves, i));
    }
    int done = fits;
    for (Py_ssize_t i = 0; done > 0 && i < player->steps; i++) {
        done = play(player, i, slots, room);
    }
    for (Py_ssize_t i = 0; done > 0 && i < player->guard_count; i++) {
        done = (number_of(&slots[player->guards[i]]) != 0.0) == (player->outcomes[i] != 0);
    }
    return done;
}

static PyObject *
player_call(Player *player, PyObject *const *args, size_t flags, PyObject *keywords)
{
    if (keywords != NULL || PyVectorcall_NARGS(flags) != player->arguments.count ||
        suspended() || recorded() || !watch_is_same(player->watch)) {
        return Py_NewRef(Py_NotImplemented);
    }
    const size_t count = (size_t)player->count;
    Edge *slots = PyMem_New(Edge, count + (size_t)player->most);
    if (slots == NULL) {
        return PyErr_NoMemory();
    }
    memcpy(slots, player->slots, count * sizeof *slots);
    const int done = play_all(player, args, slots, slots + count);
    Results results = {player, slots, player->outputs, player->on};
    const Giver giver = {give_one, NULL, &results};
    PyObject *answer = done > 0 ? shape_give(&player->result, &giver)
        : done == 0             ? Py_NewRef(Py_NotImplemented)
                                : NULL;
    for (size_t i = 0; i < count; i++) {
        Py_XDECREF((PyObject *)slots[i].operand);
    }
    PyMem_Free(slots);
    return answer;
}

/* The slot of each entry: of inputs, then leaves, numbers and steps in their order.
   Returns how many are steps; -1 with an exception. */
static Py_ssize_t
number_slots(Player *player, const Tape *tape, int32_t *const *lists,
             const Py_ssize_t *counts, int32_t *slot)
{
    Py_ssize_t count = 0;
    memset(slot, -1, (size_t)tape->count * sizeof *slot);
    for (int list = 0; list < 2; list++) {
        for (Py_ssize_t i = 0; i < counts[list]; i++) {
            slot[lists[list][i]] = (int32_t)count++;
        }
    }
    for (int steps = 0; steps < 2; steps++) {
        const Py_ssize_t before = count;
        for (Py_ssize_t i = 0; i < counts[2]; i++) {
            const int32_t k = lists[2][i];
            if (slot[k] < 0 && (tape->op[k] != OP_NUMBER) == steps) {
                slot[k] = (int32_t)count++;
            }
        }
        player->steps = count - before;
    }
    player->count = count;
    player->slots = PyMem_Calloc((size_t)count + 1, sizeof(Edge));
    player->op = PyMem_New(int32_t, (size_t)player->steps + 1);
    player->first = PyMem_New(int32_t, (size_t)player->steps + 1);
    if (player->slots == NULL || player->op == NULL || player->first == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    return player->steps;
}

/* Whether a step can be played. A choice that was certain does not say of what. */
static int
is_playable(const Tape *tape, int32_t k)
{
    const int32_t op = tape->op[k];
    const int64_t count = operand_count(tape, k);
    if (op < FIRST_ROW) {
        return !is_leaf_op(op);
    }
    const uint32_t row = (uint32_t)(op - FIRST_ROW);
    if (row == ROW_where && tape->op[operands_of(tape, k)[0]] == OP_NUMBER) {
        return 0;
    }
    return op < first_later_op && (record_arity(row) == 0 || record_arity(row) == count);
}

/* Write down the operands of a step. Returns 0, or -1 with an exception. */
static int
write_operands(Player *player, Tape *tape, int32_t k, const int32_t *slot, int32_t *to)
{
    const int64_t count = operand_count(tape, k);
    for (int64_t j = 0; j < count; j++) {
        const int32_t a = tape_expanded(tape, operands_of(tape, k)[j]);
        if (a < 0) {
            return -1;
        }
        to[j] = slot[a];
        if (slot[a] < 0 || slot[a] >= slot[k]) {
            PyErr_Format(PyExc_ValueError, "entry %d comes before its operand %d", (int)k,
                         (int)a);
            return -1;
        }
    }
    player->most = Py_MAX(player->most, (Py_ssize_t)count);
    return 0;
}

/* Write down numbers and steps. Returns 1, 0 if not all can be played, or -1. */
static int
write_steps(Player *player, Tape *tape, const int32_t *order, Py_ssize_t count,
            const int32_t *slot)
{
    const Py_ssize_t before = player->count - player->steps;
    int64_t operands = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        operands += operand_count(tape, order[i]);
    }
    player->arg = PyMem_New(int32_t, (size_t)operands + 1);
    if (player->arg == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    player->first[0] = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        const int32_t k = order[i], op = tape->op[k];
        const Py_ssize_t step = slot[k] - before;
        if (op == OP_NUMBER) {
            player->slots[slot[k]].partial = tape->number[k];
        }
        if (step < 0) {
            continue;
        }
        if (!is_playable(tape, k)) {
            return 0;
        }
        if (write_operands(player, tape, k, slot, player->arg + player->first[step]) < 0) {
            return -1;
        }
        player->op[step] = op == OP_DETACH && !(tape->flags[k] & CHECKED) ? CONSTANT : op;
        player->first[step + 1] = player->first[step] + (int32_t)operand_count(tape, k);
    }
    return 1;
}

/* The slots of some entries, in place. */
static int
slots_of(int32_t *entries, Py_ssize_t count, Tape *tape, const int32_t *slot)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        const int32_t k = tape_expanded(tape, entries[i]);
        if (k < 0 || slot[k] < 0) {
            if (!PyErr_Occurred()) {
                PyErr_Format(PyExc_ValueError, "entry %d is no step", (int)entries[i]);
            }
            return -1;
        }
        entries[i] = slot[k];
    }
    return 0;
}

/* Fill in a player from the lists of entries, which it may keep. Returns 1, 0 if not all
   can be played, or -1 with an exception. */
static int
player_fill(Player *player, Tape *tape, int32_t **lists, const Py_ssize_t *counts)
{
    int32_t *slot = PyMem_New(int32_t, (size_t)tape->count + 1);
    if (slot == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    int done = number_slots(player, tape, lists, counts, slot) < 0
        ? -1
        : write_steps(player, tape, lists[2], counts[2], slot);
    if (done > 0 && (slots_of(lists[3], counts[3], tape, slot) < 0 ||
                     slots_of(lists[4], counts[4], tape, slot) < 0)) {
        done = -1;
    }
    PyMem_Free(slot);
    player->inputs = counts[0];
    player->outputs = lists[3];
    player->guards = lists[4];
    player->guard_count = counts[4];
    lists[3] = lists[4] = NULL;
    return done;
}

/* What is for each output, guard and leaf, and the structures. */
static int
player_check(Player *player, const Py_ssize_t *counts, PyObject *outcomes, PyObject *on,
             PyObject *arguments, PyObject *result)
{
    if (shape_read(&player->arguments, arguments) < 0 ||
        shape_read(&player->result, result) < 0) {
        return -1;
    }
    int fits = player->arguments.kind == TUPLE &&
        shape_size(&player->arguments) == counts[0] &&
        shape_size(&player->result) == counts[3] &&
        PyTuple_GET_SIZE(player->leaves) == counts[1] &&
        PyBytes_GET_SIZE(outcomes) == counts[4] &&
        PyBytes_GET_SIZE(on) == counts[3] * (counts[0] + 1);
    for (Py_ssize_t i = 0; fits && i < counts[1]; i++) {
        fits = is_value(PyTuple_GET_ITEM(player->leaves, i));
    }
    player->outcomes = PyMem_Malloc((size_t)PyBytes_GET_SIZE(outcomes) + 1);
    player->on = PyMem_Malloc((size_t)PyBytes_GET_SIZE(on) + 1);
    if (player->outcomes == NULL || player->on == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(player->outcomes, PyBytes_AS_STRING(outcomes),
           (size_t)PyBytes_GET_SIZE(outcomes));
    memcpy(player->on, PyBytes_AS_STRING(on), (size_t)PyBytes_GET_SIZE(on));
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "a player of other numbers than its tape has");
    }
    return fits ? 0 : -1;
}

/* tape.player(inputs, parameters, steps, outputs, guards, outcomes, on, leaves, arguments,
   result, watch): None if not all can be played. */
PyObject *
tape_player(Tape *tape, PyObject *args)
{
    PyObject *given[5], *outcomes, *on, *leaves, *arguments, *result, *watch;
    int32_t *lists[5] = {NULL};
    Py_ssize_t counts[5];
    if (!PyArg_ParseTuple(args, "OOOOOSSO!OOO", &given[0], &given[1], &given[2], &given[3],
                          &given[4], &outcomes, &on, &PyTuple_Type, &leaves, &arguments,
                          &result, &watch) ||
        watch_check(watch) < 0) {
        return NULL;
    }
    Player *player = (Player *)PyType_GenericAlloc(Player_Type, 0); /* all zeros */
    if (player == NULL) {
        return NULL;
    }
    player->call = (vectorcallfunc)player_call;
    player->leaves = Py_NewRef(leaves);
    player->watch = Py_NewRef(watch);
    int done = 1;
    for (int i = 0; done > 0 && i < 5; i++) {
        lists[i] = entries_from(given[i], tape, &counts[i]);
        done = lists[i] != NULL ? 1 : -1;
    }
    done = done > 0 ? player_check(player, counts, outcomes, on, arguments, result) : -1;
    done = done == 0 ? player_fill(player, tape, lists, counts) : -1;
    for (int i = 0; i < 5; i++) {
        PyMem_Free(lists[i]);
    }
    if (done <= 0) {
        Py_DECREF(player);
        return done == 0 ? Py_NewRef(Py_None) : NULL;
    }
    return (PyObject *)player;
}

static int
player_traverse(Player *player, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(player));
    Py_VISIT(player->leaves);
    Py_VISIT(player->watch);
    return 0;
}

static int
player_clear(Player *player)
{
    Py_XSETREF(player->watch, Py_NewRef(Py_None));
    return 0;
}

static void
player_dealloc(Player *player)
{
    PyTypeObject *type = Py_TYPE(player);
    PyObject_GC_UnTrack(player);
    shape_clear(&player->arguments);
    shape_clear(&player->result);
    PyMem_Free(player->slots);
    PyMem_Free(player->op);
    PyMem_Free(player->first);
    PyMem_Free(player->arg);
    PyMem_Free(player->outputs);
    PyMem_Free(player->guards);
    PyMem_Free(player->outcomes);
    PyMem_Free(player->on);
    Py_XDECREF(player->leaves);
    Py_XDECREF(player->watch);
    type->tp_free((PyObject *)player);
    Py_DECREF(type);
}

static PyMemberDef player_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Player, call), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot player_slots[] = {
    {Py_tp_doc, "Plays a recording on Values, or answers NotImplemented."},
    {Py_tp_dealloc, player_dealloc},
    {Py_tp_traverse, player_traverse},
    {Py_tp_clear, player_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, player_members},
    {0, NULL},
};

static PyType_Spec player_spec = {
    .name = "autograd.native.engine.Player",
    .basicsize = sizeof(Player),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_GC |
        Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = player_slots,
};

int
player_init(PyObject *module)
{
    Player_Type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &player_spec, NULL);
    return Player_Type != NULL ? 0 : -1;
}
