/* The kernels of compiled programs, for vectors of WIDTH numbers; see kernels.h.

   A fold over affine operands is a small matrix product. Its kernels tile over lanes,
   never over terms, so each lane adds in the order of eager Values, and has their
   bits whatever the width. Sizes of tiles are constants, and each kernel is a function
   that is not inlined: else the sums leave the registers. */

#include "floats.h"
#include "kernels.h"

#include <string.h>

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))
#else
#define INLINE static inline
#define APART static
#endif

/* Unroll a tile; and no store of a loop over lanes is read by the same loop (clang warns
   of a loop that it was told to take so and cannot, as one that calls libm). */
#if defined(__clang__)
#define UNROLL _Pragma("unroll 4")
#define IN_LANES
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 4")
#define IN_LANES _Pragma("GCC ivdep")
#else
#define UNROLL
#define IN_LANES
#endif

#if WIDTH > 1
typedef double vec __attribute__((vector_size(WIDTH * 8), aligned(8), may_alias));
typedef int64_t mask __attribute__((vector_size(WIDTH * 8), may_alias));
#define BROADCAST(x) ((x) - (vec){0}) /* which is x, -0.0 too */
#define LANE(x, k) (x)[k]
#define SELECT(condition, x) ((vec)((condition) & (mask)(x))) /* x, or 0 */
#define UNLESS(condition, x) ((vec)(~(condition) & (mask)(x)))
#define EITHER(x, y) ((vec)((mask)(x) | (mask)(y))) /* the one that is not 0.0 */
#else
typedef double vec;
#define BROADCAST(x) (x)
#define LANE(x, k) (x)
#define SELECT(condition, x) ((condition) ? (x) : 0.0)
#define UNLESS(condition, x) ((condition) ? 0.0 : (x))
#define EITHER(x, y) ((y) == 0.0 ? (x) : (y))
#endif

#if WIDTH == 8 && defined(__GNUC__)
/* In a register: else gcc loads it again for every use. */
#define KEEP(x) __asm__("" : "+v"(x))
enum { WIDE = 4, TALL = 4 };
#else
#define KEEP(x) ((void)0)
enum { WIDE = 2, TALL = 2 };
#endif

/* n numbers, of which those behind n may be anything: the memory has PADDING. */
INLINE vec
load(const double *x, int64_t step, int n)
{
    if (step == 1) {
        return *(const vec *)x;
    }
    if (step == 0) {
        return BROADCAST(*x);
    }
    vec y = BROADCAST(0.0);
    for (int k = 0; k < n; k++) {
        LANE(y, k) = x[k * step];
    }
    return y;
}

INLINE void
store(double *d, vec y, int n)
{
    if (n == WIDTH) {
        *(vec *)d = y;
        return;
    }
    for (int k = 0; k < n; k++) {
        d[k] = LANE(y, k);
    }
}

/* Where the tile of a fold has its result and its operands. */
typedef struct {
    double *out;
    const double *x, *y, *start, *step;
} Tile;

#define EVERY_VECTOR                                 \
    UNROLL for (int u = 0; u < rows; u++)            \
        UNROLL for (int v = 0; v < vectors; v++)

/* What the sums of rows by vectors lanes begin with. */
INLINE void
begin(const int rows, const int vectors, const Instruction *p, const Tile *tile,
      const int n, vec sum[4][4])
{
    if (p->begin == NUMBER) {
        EVERY_VECTOR sum[u][v] = BROADCAST(p->start);
    }
    else if (p->begin == OPERAND) {
        const Operand *s = &p->x[p->from];
        if (s->s2 == 0) { /* as a bias: asked once, and loaded once for each row */
            UNROLL for (int u = 0; u < rows; u++) {
                const vec all = BROADCAST(tile->start[u * s->s1]);
                UNROLL for (int v = 0; v < vectors; v++) sum[u][v] = all;
            }
            return;
        }
        EVERY_VECTOR sum[u][v] =
            load(tile->start + u * s->s1 + v * WIDTH * s->s2, s->s2, n);
    }
    else {
        EVERY_VECTOR sum[u][v] = load(tile->out + u * p->out.s1 + v * WIDTH, 1, n);
    }
}

/* The sums of rows by vectors lanes, term after term. SHARED: all rows have the same x;
   SCALAR: the vectors of a row have the same number y; UNIT: lanes of x and y lie side
   by side. What is constant in a kernel is so that ``sum`` stays in registers. */
INLINE void
contract(const int rows, const int vectors, const int op, const int shared,
         const int scalar, const int unit, const Instruction *p, const Operand *x,
         const Operand *y, const Tile *tile, const int n)
{
    const int64_t x_step = unit ? 1 : x->s2, y_step = unit ? 1 : y->s2;
    const double *at_x = tile->x, *at_y = tile->y;
    vec sum[4][4];
    begin(rows, vectors, p, tile, n, sum);
    for (int64_t t = 0; t < p->terms; t++, at_x += x->term, at_y += y->term) {
        vec of_all[4];
        if (shared) {
            UNROLL for (int v = 0; v < vectors; v++) {
                of_all[v] = load(at_x + v * WIDTH * x_step, x_step, n);
                KEEP(of_all[v]);
            }
        }
        EVERY_VECTOR {
            const vec a = shared ? of_all[v]
                                 : load(at_x + u * x->s1 + v * WIDTH * x_step, x_step, n);
            if (op == PLUS) {
                sum[u][v] += a;
            }
            else if (op == MINUS) {
                sum[u][v] -= a;
            }
            else if (scalar) {
                sum[u][v] += a * at_y[u * y->s1];
            }
            else {
                sum[u][v] += a * load(at_y + u * y->s1 + v * WIDTH * y_step, y_step, n);
            }
        }
    }
    if (p->relu && p->after == VALUE) {
        EVERY_VECTOR sum[u][v] = UNLESS(sum[u][v] <= 0.0, sum[u][v]);
    }
    else if (p->relu) {
        const Operand *s = &p->x[p->step];
        EVERY_VECTOR {
            const vec z = load(tile->step + u * s->s1 + v * WIDTH * s->s2, s->s2, n);
            sum[u][v] = EITHER(SELECT(z > 0.0, sum[u][v]), SELECT(z != z, z));
        }
    }
    EVERY_VECTOR store(tile->out + u * p->out.s1 + v * WIDTH, sum[u][v], n);
}

/* The tile that many rows and lanes further on. */
INLINE void
move(Tile *tile, const Instruction *p, const Operand *x, const Operand *y, int64_t u,
     int64_t v)
{
    const Operand *from = &p->x[p->from], *step = &p->x[p->step];
    tile->out += u * p->out.s1 + v * p->out.s2;
    tile->x += u * x->s1 + v * x->s2;
    tile->y += u * y->s1 + v * y->s2;
    tile->start += u * from->s1 + v * from->s2;
    tile->step += u * step->s1 + v * step->s2;
}

typedef void Kernel(const Instruction *p, const Operand *x, const Operand *y,
                    const Tile *first, int n, int64_t tiles);

#define KERNEL(name, rows, vectors, n, ...)                                       \
    APART void name(const Instruction *p, const Operand *x, const Operand *y,     \
                    const Tile *first, int count, int64_t tiles)                  \
    {                                                                             \
        Tile tile = *first;                                                       \
        (void)count;                                                              \
        for (; tiles > 0; tiles--) {                                              \
            contract(rows, vectors, __VA_ARGS__, p, x, y, &tile, n);              \
            move(&tile, p, x, y, 0, n * vectors);                                 \
        }                                                                         \
    }

/* Tiles from the widest to the rest of a vector, each of four rows and of one. */
#define KERNELS_OF(name, ...)                                                     \
    KERNEL(name##_4_wide, 4, WIDE, WIDTH, __VA_ARGS__)                            \
    KERNEL(name##_1_wide, 1, WIDE, WIDTH, __VA_ARGS__)                            \
    KERNEL(name##_4_two, 4, 2, WIDTH, __VA_ARGS__)                                \
    KERNEL(name##_1_two, 1, 2, WIDTH, __VA_ARGS__)                                \
    KERNEL(name##_4_one, 4, 1, WIDTH, __VA_ARGS__)                                \
    KERNEL(name##_1_one, 1, 1, WIDTH, __VA_ARGS__)                                \
    KERNEL(name##_4_rest, 4, 1, count, __VA_ARGS__)                               \
    KERNEL(name##_1_rest, 1, 1, count, __VA_ARGS__)                               \
    static Kernel *const name[4][2] = {                                           \
        {name##_4_wide, name##_1_wide},                                           \
        {name##_4_two, name##_1_two},                                             \
        {name##_4_one, name##_1_one},                                             \
        {name##_4_rest, name##_1_rest},                                           \
    };

KERNELS_OF(plus, PLUS, 0, 0, 0)
KERNELS_OF(minus, MINUS, 0, 0, 0)
KERNELS_OF(both, PRODUCT, 0, 0, 1)
KERNELS_OF(both_any, PRODUCT, 0, 0, 0)
KERNELS_OF(own, PRODUCT, 0, 1, 1)
KERNELS_OF(own_any, PRODUCT, 0, 1, 0)
KERNELS_OF(shared, PRODUCT, 1, 1, 1)
KERNELS_OF(shared_any, PRODUCT, 1, 1, 0)

static Kernel *const (*kernels_for(const Instruction *p, const Operand *x,
                                   const Operand *y, int64_t m2))[2]
{
    const int unit = x->s2 == 1;
    if (p->kind != PRODUCT) {
        return p->kind == PLUS ? plus : minus;
    }
    if (y->s2 != 0 && m2 > 1) {
        return unit && y->s2 == 1 ? both : both_any;
    }
    if (x->s1 != 0 || p->m1 == 1) {
        return unit ? own : own_any;
    }
    return unit ? shared : shared_any;
}

INLINE int64_t
place(const Operand *x, int64_t i, int64_t u, int64_t v)
{
    return x->base + i * x->s0 + u * x->s1 + v * x->s2;
}

static void
fold_affine(const Instruction *p, const Run *run, int64_t m2)
{
    const Operand *x = &p->x[0], *y = &p->x[p->kind == PRODUCT];
    if (x->s2 == 0) {
        x = y;
        y = &p->x[0];
    }
    const Operand *from = &p->x[p->from], *step = &p->x[p->step];
    Kernel *const(*kernel)[2] = kernels_for(p, x, y, m2);
    double *m = run->memory;
    const int few = p->m1 <= 4; /* rows: no x is met again */
    for (int64_t i = 0; i < p->m0; i++) {
        Tile first = {m + place(&p->out, i, 0, 0), m + place(x, i, 0, 0),
                      m + place(y, i, 0, 0), m + place(from, i, 0, 0),
                      m + place(step, i, 0, 0)};
        for (int64_t v = 0; v < m2;) {
            const int64_t left = m2 - v;
            const int size = left >= WIDE * WIDTH ? 0
                : left >= 2 * WIDTH               ? 1
                : left >= WIDTH                   ? 2
                                                  : 3;
            const int vectors[] = {WIDE, 2, 1}, *count = &vectors[size];
            const int64_t lanes = size < 3 ? *count * WIDTH : left;
            const int64_t tiles = few ? left / lanes : 1;
            Tile tile = first;
            for (int64_t u = 0; u < p->m1;) {
                const int one = p->m1 - u < 4;
                kernel[size][one](p, x, y, &tile, (int)lanes, tiles);
                move(&tile, p, x, y, one ? 1 : 4, 0);
                u += one ? 1 : 4;
            }
            move(&first, p, x, y, 0, tiles * lanes);
            v += tiles * lanes;
        }
    }
}

/* Where the numbers of a lane stand: the index has slots, ``step`` is by example. */
typedef struct {
    const double *x;
    int64_t step;
} Lane;

INLINE Lane
lane_at(const Run *run, int32_t slot, int64_t v)
{
    const int64_t step = slot >= run->uniform;
    return (Lane){run->memory + position(run, slot) + step * v, step};
}

/* A fold over slots of the index, lanes innermost: all of them are uniform. */
static void
fold_lanes(const Instruction *p, const Run *run)
{
    const double *m = run->memory;
    const int kind = p->kind;
    const int64_t lanes = p->m1 * p->m2;
    for (int64_t i = 0, n; i < lanes; i += n) {
        const int64_t u = i / p->m2, v = i % p->m2, left = p->m2 - v;
        double sum[CHUNK], *d = run->memory + place(&p->out, 0, u, v);
        n = left < CHUNK ? left : CHUNK;
        for (int k = 0; k < n; k++) {
            sum[k] = p->begin == NUMBER ? p->start
                : p->begin == OPERAND   ? m[p->x[p->from].index[i + k]]
                                        : d[k];
        }
        for (int64_t t = 0; t < p->terms; t++) {
            const int32_t *a = p->x[0].index + t * lanes + i;
            const int32_t *b = p->x[p->kind == PRODUCT].index + t * lanes + i;
            for (int k = 0; k < n; k++) {
                const double x = m[a[k]];
                sum[k] += kind == PRODUCT ? x * m[b[k]] : kind == PLUS ? x : -x;
            }
        }
        memcpy(d, sum, (size_t)n * sizeof *d);
    }
}

/* Where operand j has its numbers for term t of lane (i, u), from v on. */
INLINE Lane
lane_of(const Instruction *p, const Run *run, int j, int64_t t, int64_t i, int64_t u,
        int64_t v)
{
    const Operand *x = &p->x[j];
    if (x->index != NULL) {
        return lane_at(run, x->index[(t * p->m0 + i) * p->m1 + u], v);
    }
    return (Lane){run->memory + place(x, i, u, v) + t * x->term, x->s2};
}

/* One more term for n sums side by side; a and b are so, too, or a number for all. */
static void
add_term(double *sum, int kind, Lane a, Lane b, int n)
{
    const Lane x = a.step == 0 ? b : a, y = a.step == 0 ? a : b;
    const double all = *y.x, product = *x.x * all;
    if (kind == PRODUCT && y.step == 1) {
        IN_LANES
        for (int k = 0; k < n; k++) {
            sum[k] += x.x[k] * y.x[k];
        }
    }
    else if (kind == PRODUCT && x.step == 1) {
        IN_LANES
        for (int k = 0; k < n; k++) {
            sum[k] += x.x[k] * all;
        }
    }
    else if (kind == PLUS && a.step == 1) {
        IN_LANES
        for (int k = 0; k < n; k++) {
            sum[k] += a.x[k];
        }
    }
    else if (kind == MINUS && a.step == 1) {
        IN_LANES
        for (int k = 0; k < n; k++) {
            sum[k] -= a.x[k];
        }
    }
    else {
        const double same = kind == PRODUCT ? product : kind == PLUS ? *a.x : -*a.x;
        for (int k = 0; k < n; k++) {
            sum[k] += same;
        }
    }
}

/* A fold for all examples of lane (i, u), or of one row: term by term over sums in
   memory, which few terms do not leave. */
static void
fold_row(const Instruction *p, const Run *run, int64_t i, int64_t u, int64_t m2)
{
    for (int64_t v = 0; v < m2; v += CHUNK) {
        const int n = (int)(m2 - v < CHUNK ? m2 - v : CHUNK);
        double *sum = run->memory + place(&p->out, i, u, v);
        const Lane from = p->begin == OPERAND ? lane_of(p, run, p->from, 0, i, u, v)
                                              : (Lane){&p->start, 0};
        if (p->begin != OUT && from.step == 1) {
            memcpy(sum, from.x, (size_t)n * sizeof *sum);
        }
        else if (p->begin != OUT) {
            const double start = *from.x;
            for (int k = 0; k < n; k++) {
                sum[k] = start;
            }
        }
        for (int64_t t = 0; t < p->terms; t++) {
            const Lane a = lane_of(p, run, 0, t, i, u, v);
            const Lane b = lane_of(p, run, p->kind == PRODUCT, t, i, u, v);
            add_term(sum, p->kind, a, b, n);
        }
    }
}

/* Rows of the table, lane by lane */

/* Whether a function may have raised in Python: nan of numbers, inf of finite ones. */
static inline int
failed(double z, double x)
{
    const int nan = z != z;
    return (fabs(z) >= INFINITY || nan) & (nan ? x == x : fabs(x) < INFINITY);
}

#ifdef FAST
#include "elementary.h"
#endif
#include "lanes.h"

static const LaneFunction functions[] = {EVERY_LANE_FUNCTION};

/* An operand's numbers for n lanes from v on, side by side: where they lie, or copied
   to the room. A number for all lanes is copied once, for v = 0. */
static const double *
side_by_side(const Instruction *p, const Operand *x, const Run *run, int64_t i,
             int64_t u, int64_t v, int n, double *room)
{
    const double *at = run->memory + place(x, i, u, v);
    int64_t step = x->s2;
    if (x->index != NULL && p->m2 != 0) {
        const int32_t *slots = x->index + (i * p->m1 + u) * p->m2 + v;
        for (int k = 0; k < n; k++) {
            room[k] = run->memory[slots[k]];
        }
        return room;
    }
    if (x->index != NULL) {
        const Lane lane = lane_at(run, x->index[i * p->m1 + u], v);
        at = lane.x;
        step = lane.step;
    }
    if (step == 1) {
        return at;
    }
    if (step != 0) {
        for (int k = 0; k < n; k++) {
            room[k] = at[k * step];
        }
    }
    else if (v == 0) {
        const double same = *at;
        for (int k = 0; k < n; k++) {
            room[k] = same;
        }
    }
    return room;
}

/* Note for which examples a function may have raised, lane by lane. */
static void
note(const LaneFunction *function, const double *const *x, int n, const Run *run,
     const Instruction *p, int64_t v)
{
    for (int k = 0; k < n; k++) {
        const double *lane[OPERANDS];
        double z;
        for (int j = 0; j < function->operands; j++) {
            lane[j] = x[j] + k;
        }
        if (function->apply(&z, lane, 1)) {
            run->failed[p->m2 ? 0 : (v + k) % run->examples] = 1;
        }
    }
}

/* Whether rows of m2 lanes lie one behind the other, so that they are one long row. */
static int
in_one_row(const Instruction *p, int64_t m2)
{
    int one = p->out.s1 == m2;
    for (int j = 0; j < p->operands; j++) {
        const Operand *x = &p->x[j];
        one &= x->index != NULL ? p->m2 != 0 : x->s1 == m2 * x->s2;
    }
    return one;
}

/* One row, where it lies. */
static void
row(const Instruction *p, const Run *run, int64_t m2)
{
    const LaneFunction *function = &functions[p->function];
    const double *x[OPERANDS];
    for (int j = 0; j < function->operands; j++) {
        x[j] = run->memory + p->x[j].base;
    }
    const int bad = function->apply(run->memory + p->out.base, x, (int)m2);
    if (bad && p->checked && run->failed != NULL) {
        note(function, x, (int)m2, run, p, 0);
    }
}

/* An operand's numbers for all lanes of a grid of m1 by m2, which are few. */
static const double *
all_lanes(const Instruction *p, const Operand *x, const Run *run, double *room)
{
    const double *memory = run->memory, *at = memory + x->base;
    const int32_t *slots = x->index;
    const int64_t m1 = p->m1, m2 = p->m2, step = x->s2;
    if (slots == NULL && step == 1 && (m1 == 1 || x->s1 == m2)) {
        return at;
    }
    double *to = room;
    const double *const end = room + m1 * m2;
    while (slots != NULL && to < end) {
        *to++ = memory[*slots++];
    }
    for (; to < end; at += x->s1) {
        for (int64_t v = 0; v < m2; v++) {
            *to++ = at[v * step];
        }
    }
    return room;
}

static void
rows(const Instruction *p, const Run *run, int64_t m2)
{
    const LaneFunction *function = &functions[p->function];
    double room[OPERANDS][CHUNK];
    const double *x[OPERANDS];
    if (p->few) {
        for (int j = 0; j < function->operands; j++) {
            x[j] = all_lanes(p, &p->x[j], run, room[j]);
        }
        const int n = (int)(p->m1 * m2);
        const int bad = function->apply(run->memory + p->out.base, x, n);
        if (bad && p->checked && run->failed != NULL) {
            note(function, x, n, run, p, 0);
        }
        return;
    }
    const int one = in_one_row(p, m2);
    const int64_t m1 = one ? 1 : p->m1;
    m2 = one ? p->m1 * m2 : m2;
    for (int64_t i = 0; i < p->m0; i++) {
        for (int64_t u = 0; u < m1; u++) {
            for (int64_t v = 0; v < m2; v += CHUNK) {
                const int n = (int)(m2 - v < CHUNK ? m2 - v : CHUNK);
                for (int j = 0; j < function->operands; j++) {
                    x[j] = side_by_side(p, &p->x[j], run, i, u, v, n, room[j]);
                }
                double *d = run->memory + place(&p->out, i, u, v);
                const int bad = function->apply(d, x, n);
                if (bad && p->checked && run->failed != NULL) {
                    note(function, x, n, run, p, v);
                }
            }
        }
    }
}

/* What follows a fold, where the registers did not do it. */
static void
follow(const Instruction *p, const Run *run, int64_t m2)
{
    const LaneFunction *function = &functions[p->function];
    double room[CHUNK], slope[CHUNK];
    for (int64_t i = 0; i < p->m0; i++) {
        for (int64_t u = 0; u < p->m1; u++) {
            for (int64_t v = 0; v < m2; v += CHUNK) {
                const int n = (int)(m2 - v < CHUNK ? m2 - v : CHUNK);
                double *d = run->memory + place(&p->out, i, u, v);
                if (p->after == TIMES) {
                    const double *at =
                        side_by_side(p, &p->x[p->step], run, i, u, v, n, room);
                    const double *x[] = {at, at};
                    function->apply(slope, x, n);
                    for (int k = 0; k < n; k++) {
                        d[k] = slope[k] != 0.0 ? d[k] * slope[k] : 0.0;
                    }
                    continue;
                }
                memcpy(slope, d, (size_t)n * sizeof *d);
                const double *x[] = {slope};
                const int bad = function->apply(d, x, n);
                if (bad && p->checked && run->failed != NULL) {
                    note(function, x, n, run, p, v);
                }
            }
        }
    }
}

static void
fold(const Instruction *p, const Run *run, int64_t m2)
{
    if (p->row) {
        fold_row(p, run, 0, 0, m2);
    }
    else if (p->x[0].index == NULL) {
        fold_affine(p, run, m2);
    }
    else if (p->m2 != 0) {
        fold_lanes(p, run);
    }
    else {
        for (int64_t i = 0; i < p->m0; i++) {
            for (int64_t u = 0; u < p->m1; u++) {
                fold_row(p, run, i, u, m2);
            }
        }
    }
    if (p->after != NOTHING && !p->relu) {
        follow(p, run, m2);
    }
}

/* Term number b of a, for each lane; nan, and noted, where there is no such term. */
static void
take(const Instruction *p, const Run *run, int64_t m2)
{
    double room[CHUNK];
    for (int64_t i = 0; i < p->m0; i++) {
        for (int64_t u = 0; u < p->m1; u++) {
            for (int64_t v = 0; v < m2; v += CHUNK) {
                const int n = (int)(m2 - v < CHUNK ? m2 - v : CHUNK);
                const double *at = side_by_side(p, &p->x[1], run, i, u, v, n, room);
                double *d = run->memory + place(&p->out, i, u, v);
                for (int k = 0; k < n; k++) {
                    const Operand *a = &p->x[0];
                    if (!(at[k] >= 0.0 && at[k] < (double)p->terms)) {
                        d[k] = NAN;
                        if (run->failed != NULL) {
                            run->failed[p->m2 ? 0 : v + k] = 1;
                        }
                        continue;
                    }
                    const int64_t t = (int64_t)at[k];
                    if (a->index == NULL) {
                        d[k] = run->memory[place(a, i, u, v + k) + t * a->term];
                        continue;
                    }
                    const int64_t width = p->m2 ? p->m2 : 1;
                    const int64_t lane = (i * p->m1 + u) * width + (p->m2 ? v + k : 0);
                    const int32_t slot = a->index[t * p->m0 * p->m1 * width + lane];
                    const int64_t step = p->m2 == 0 && slot >= run->uniform;
                    d[k] = run->memory[position(run, slot) + step * (v + k)];
                }
            }
        }
    }
}

/* Sums over examples: example k adds to accumulator k mod SUMS, whatever the width. What
   lies behind the last example is added to nothing: ``chosen`` takes the sum before. */
INLINE vec
chosen(vec y, vec otherwise, int64_t n)
{
#if WIDTH > 1
    static const int64_t places[] = {0, 1, 2, 3, 4, 5, 6, 7};
    mask in;
    memcpy(&in, places, sizeof in);
    in = in < (mask){0} + n;
    return (vec)((in & (mask)y) | (~in & (mask)otherwise));
#else
    return n > 0 ? y : otherwise;
#endif
}

#define EACH_SUM(U, V)                 \
    UNROLL for (int u = 0; u < U; u++) \
        UNROLL for (int v = 0; v < V; v++)

#define PRODUCTS(name, U, V)                                                      \
    APART void name(double *out, const Operand *o, const double *a,               \
                    const Operand *x, const double *b, const Operand *y, int64_t n) \
    {                                                                             \
        for (int h = 0; h < SUMS; h += WIDTH) {                                   \
            vec sum[U][V];                                                        \
            EACH_SUM(U, V) sum[u][v] = load(out + u * o->s0 + v * o->s1 + h, 1, WIDTH); \
            int64_t k = h;                                                        \
            for (; k + WIDTH <= n; k += SUMS) {                                   \
                vec of_b[V];                                                      \
                UNROLL for (int v = 0; v < V; v++)                                \
                {                                                                 \
                    of_b[v] = load(b + v * y->s1 + k, 1, WIDTH);                  \
                    KEEP(of_b[v]);                                                \
                }                                                                 \
                UNROLL for (int u = 0; u < U; u++)                                \
                {                                                                 \
                    vec of_a = load(a + u * x->s0 + k, 1, WIDTH);                 \
                    KEEP(of_a);                                                   \
                    UNROLL for (int v = 0; v < V; v++) sum[u][v] += of_a * of_b[v]; \
                }                                                                 \
            }                                                                     \
            if (k < n) {                                                          \
                EACH_SUM(U, V) sum[u][v] = chosen(                                \
                    sum[u][v] + load(a + u * x->s0 + k, 1, WIDTH) *               \
                        load(b + v * y->s1 + k, 1, WIDTH),                        \
                    sum[u][v], n - k);                                            \
            }                                                                     \
            EACH_SUM(U, V) store(out + u * o->s0 + v * o->s1 + h, sum[u][v], WIDTH); \
        }                                                                         \
    }

#if WIDTH == 8
PRODUCTS(products, 4, 4)
#else
PRODUCTS(products, 2, 4)
#endif
PRODUCTS(line, 1, 4)
PRODUCTS(product, 1, 1)

/* The same for one operand alone. */
static void
added(double *out, const double *a, int64_t n)
{
    for (int h = 0; h < SUMS; h += WIDTH) {
        vec sum = load(out + h, 1, WIDTH);
        int64_t k = h;
        for (; k + WIDTH <= n; k += SUMS) {
            sum += load(a + k, 1, WIDTH);
        }
        if (k < n) {
            sum = chosen(sum + load(a + k, 1, WIDTH), sum, n - k);
        }
        store(out + h, sum, WIDTH);
    }
}

/* The same for lane (i, u) of operands that are not side by side. */
static void
total_plainly(const Instruction *p, const Run *run, int64_t i, int64_t u)
{
    double *d = run->sums + place(&p->out, i, u, 0) * SUMS;
    Lane of[2];
    for (int j = 0; j < 2; j++) {
        const Operand *x = &p->x[p->op == DOTS ? j : 0];
        of[j] = x->index != NULL
            ? lane_at(run, x->index[i * p->m1 + u], 0)
            : (Lane){run->memory + place(x, i, u, 0), x->s2};
    }
    for (int64_t k = 0; k < run->examples; k++) {
        const double a = of[0].x[k * of[0].step];
        d[k % SUMS] += p->op == TOTAL ? a : a * of[1].x[k * of[1].step];
    }
}

/* Some products of the same a: four at a time, so that no sum waits for itself. */
static void
strip(double *out, int64_t out_step, const double *a, const double *b, int64_t b_step,
      int64_t count, int64_t n)
{
    const Operand o = {.s1 = out_step}, y = {.s1 = b_step};
    for (int64_t j = 0; j < count;) {
        const int four = j + 4 <= count;
        (four ? line : product)(out + j * out_step, &o, a, &y, b + j * b_step, &y, n);
        j += four ? 4 : 1;
    }
}

/* Each row of a by each of b: tiles of products, and strips along their edges. */
static void
total_grid(const Instruction *p, const Operand *a, const Operand *b, const Run *run)
{
    const double *of_a = run->memory + a->base, *of_b = run->memory + b->base;
    double *out = run->sums + p->out.base * SUMS;
    const Operand o = {0, p->out.s0 * SUMS, p->out.s1 * SUMS, 0, 0, NULL};
    const int64_t n = run->examples, tall = p->m0 - p->m0 % TALL, wide = p->m1 - p->m1 % 4;
    for (int64_t i = 0; i < tall; i += TALL) {
        for (int64_t j = 0; j < wide; j += 4) {
            products(out + i * o.s0 + j * o.s1, &o, of_a + i * a->s0, a,
                     of_b + j * b->s1, b, n);
        }
    }
    for (int64_t i = tall; i < p->m0; i++) {
        strip(out + i * o.s0, o.s1, of_a + i * a->s0, of_b, b->s1, wide, n);
    }
    for (int64_t j = wide; j < p->m1; j++) {
        strip(out + j * o.s1, o.s0, of_b + j * b->s1, of_a, a->s0, p->m0, n);
    }
}

/* Products side by side: a grid of them, or one by one. */
static void
total_products(const Instruction *p, const Run *run)
{
    const Operand *a = &p->x[0], *b = &p->x[1];
    if (a->s1 == 0 && b->s0 == 0) {
        total_grid(p, a, b, run);
        return;
    }
    if (a->s0 == 0 && b->s1 == 0) {
        total_grid(p, b, a, run);
        return;
    }
    for (int64_t i = 0; i < p->m0; i++) {
        for (int64_t j = 0; j < p->m1; j++) {
            product(run->sums + place(&p->out, i, j, 0) * SUMS, &p->out,
                    run->memory + place(a, i, j, 0), a,
                    run->memory + place(b, i, j, 0), b, run->examples);
        }
    }
}

static void
total(const Instruction *p, const Run *run)
{
    const Operand *a = &p->x[0], *b = &p->x[p->op == DOTS];
    const int beside = a->index == NULL && b->index == NULL && a->s2 == 1 && b->s2 == 1;
    if (beside && p->op == DOTS) {
        total_products(p, run);
        return;
    }
    for (int64_t i = 0; i < p->m0; i++) {
        for (int64_t u = 0; u < p->m1; u++) {
            if (beside) {
                added(run->sums + place(&p->out, i, u, 0) * SUMS,
                      run->memory + place(a, i, u, 0), run->examples);
            }
            else {
                total_plainly(p, run, i, u);
            }
        }
    }
}

/* What lookups i of example k, from the first of an entry on, give to that entry. */
static double
given(const Instruction *p, const Run *run, int64_t i, int64_t u, int64_t k, double at)
{
    double sum = 0.0;
    for (; i < p->m0; i++) {
        if (*lane_of(p, run, 1, 0, i, 0, k).x == at) {
            sum += *lane_of(p, run, 0, 0, i, u, k).x;
        }
    }
    return sum;
}

/* Gradients of tables: each lookup gives to the entry that it has read. */
static void
scatter(const Instruction *p, const Run *run)
{
    for (int64_t k = 0; k < run->examples; k++) {
        for (int64_t i = 0; i < p->m0; i++) {
            const double at = *lane_of(p, run, 1, 0, i, 0, k).x;
            int first = at >= 0.0 && at < (double)p->terms;
            for (int64_t j = 0; j < i && first; j++) {
                first = *lane_of(p, run, 1, 0, j, 0, k).x != at;
            }
            if (!first) {
                continue;
            }
            double *sums = run->sums + (p->out.base + (int64_t)at * p->out.term) * SUMS;
            for (int64_t u = 0; u < p->m1; u++) {
                sums[u * p->out.s1 * SUMS + k % SUMS] += given(p, run, i, u, k, at);
            }
        }
    }
}

static void
run_instruction(const Instruction *p, const Run *run)
{
    const int64_t m2 = p->m2 ? p->m2 : run->examples;
    switch (p->op) {
    case FOLD:
        fold(p, run, m2);
        break;
    case TAKE:
        take(p, run, m2);
        break;
    case DOTS:
    case TOTAL:
        total(p, run);
        break;
    case SCATTER:
        scatter(p, run);
        break;
    default:
        (p->row ? row : rows)(p, run, m2);
    }
}

const Kernels KERNELS = {run_instruction, functions};
