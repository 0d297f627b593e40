// The evaluations in C++, on doubles and, where ADOL-C is, on its tape: recorded once,
// then replayed at other points.
//
// In each function `x` has what is differentiated by, `rest` the other numbers and `size`
// the lengths and other ints, in the order of its own comments.

#include <cmath>
#include <cstring>
#include <vector>

#ifdef TAPE
#include <adolc/adolc.h>
static double number(const adouble &x) { return x.value(); }
#endif
static double number(double x) { return x; }

using std::cos, std::exp, std::log, std::sin, std::sqrt, std::tanh, std::vector;

template <class T> static T log_sum_exp(const vector<T> &xs) {
    double top = number(xs[0]);
    for (const T &x : xs) top = std::fmax(top, number(x));
    T total = 0.0;
    for (const T &x : xs) total += exp(x - top);
    return log(total) + top;
}

template <class T> static vector<T> lse(const vector<T> &x, const double *, const int *) {
    return {T(log_sum_exp(x))};
}

template <class T> static vector<T> llsq(const vector<T> &x, const double *, const int *size) {
    const int n = size[0];
    T result = 0.0;
    for (int i = 0; i < n; i++) {
        const double t = -1 + i * 2.0 / (n - 1);
        double power = 1.0;
        T rest = double((t > 0) - (t < 0));
        for (const T &coefficient : x) {
            rest -= coefficient * power;
            power *= t;
        }
        result += rest * rest;
    }
    return {T(result / 2)};
}

// x: alpha k, mu k·d, q k·d, l k·d(d-1)/2; rest: gamma, constant, points n·d; size: k d n m
template <class T> static vector<T> gmm(const vector<T> &x, const double *rest, const int *size) {
    const int k = size[0], d = size[1], n = size[2], m = size[3], below = d * (d - 1) / 2;
    const double gamma = rest[0], constant = rest[1], *points = rest + 2;
    const T *alpha = x.data(), *mu = alpha + k, *q = mu + k * d, *l = q + k * d;
    vector<T> diagonal(k * d), log_det(k), beta(k), z(d);
    T result = 0.0, squares = 0.0;
    for (int c = 0; c < k; c++) {
        log_det[c] = 0.0;
        for (int i = 0; i < d; i++) {
            diagonal[c * d + i] = exp(q[c * d + i]);
            log_det[c] += q[c * d + i];
            squares += diagonal[c * d + i] * diagonal[c * d + i];
        }
        for (int i = 0; i < below; i++) squares += l[c * below + i] * l[c * below + i];
        result += m * log_det[c];
    }
    for (int p = 0; p < n; p++) {
        for (int c = 0; c < k; c++) {
            for (int i = 0; i < d; i++)
                z[i] = diagonal[c * d + i] * (points[p * d + i] - mu[c * d + i]);
            for (int j = 0, at = c * below; j < d; j++)
                for (int i = j + 1; i < d; i++)
                    z[i] += l[at++] * (points[p * d + j] - mu[c * d + j]);
            T square = 0.0;
            for (int i = 0; i < d; i++) square += z[i] * z[i];
            beta[c] = alpha[c] - 0.5 * square + log_det[c];
        }
        result += log_sum_exp(beta);
    }
    const vector<T> alphas(alpha, alpha + k);
    result -= n * (d / 2.0 * std::log(2 * M_PI) + log_sum_exp(alphas));
    return {T(result + k * constant - gamma * gamma / 2 * squares)};
}

// x: main 2·layers·4·width, extra 3·width; rest: state, sequence; size: layers length width
template <class T> static vector<T> lstm(const vector<T> &x, const double *rest, const int *size) {
    const int layers = size[0], length = size[1], width = size[2];
    const T *extra = x.data() + 8 * layers * width;
    const double *sequence = rest + 2 * layers * width;
    vector<T> state(rest, sequence), signal(width), predicted(width);
    auto sigmoid = [](const T &a) -> T { return 1.0 / (1.0 + exp(-a)); };
    T loss = 0.0;
    for (int t = 0; t + 1 < length; t++) {
        for (int j = 0; j < width; j++) signal[j] = extra[j] * sequence[t * width + j];
        for (int layer = 0; layer < layers; layer++) {
            const T *w = x.data() + 8 * layer * width, *b = w + 4 * width;
            T *h = &state[2 * layer * width], *c = h + width;
            for (int j = 0; j < width; j++) {
                T forget = sigmoid(signal[j] * w[j] + b[j]);
                T ingate = sigmoid(h[j] * w[width + j] + b[width + j]);
                T outgate = sigmoid(signal[j] * w[2 * width + j] + b[2 * width + j]);
                T change = tanh(h[j] * w[3 * width + j] + b[3 * width + j]);
                c[j] = c[j] * forget + ingate * change;
                h[j] = outgate * tanh(c[j]);
                signal[j] = h[j];
            }
        }
        T total = 2.0;
        for (int j = 0; j < width; j++) {
            predicted[j] = signal[j] * extra[width + j] + extra[2 * width + j];
            total += exp(predicted[j]);
        }
        T norm = log(total);
        for (int j = 0; j < width; j++)
            loss -= sequence[(t + 1) * width + j] * (predicted[j] - norm);
    }
    return {T(loss / (width * (length - 1)))};
}

template <class T> static vector<T> ode(const vector<T> &x, const double *, const int *size) {
    const int n = int(x.size()), steps = size[0];
    const double h = 2.0 / steps;
    vector<T> y(n, T(0.0)), at(n), k1(n), k2(n), k3(n), k4(n);
    auto slope = [&](const vector<T> &u, vector<T> &out) {
        out[0] = x[0];
        for (int i = 1; i < n; i++) out[i] = x[i] * u[i - 1];
    };
    for (int s = 0; s < steps; s++) {
        slope(y, k1);
        for (int i = 0; i < n; i++) at[i] = y[i] + h / 2 * k1[i];
        slope(at, k2);
        for (int i = 0; i < n; i++) at[i] = y[i] + h / 2 * k2[i];
        slope(at, k3);
        for (int i = 0; i < n; i++) at[i] = y[i] + h * k3[i];
        slope(at, k4);
        for (int i = 0; i < n; i++)
            y[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
    }
    return {y[n - 1]};
}

template <class T> static T minor(const T *a, int side, int row, const vector<int> &columns) {
    if (columns.size() == 1) return a[row * side + columns[0]];
    T result = 0.0;
    for (size_t at = 0; at < columns.size(); at++) {
        vector<int> others(columns);
        others.erase(others.begin() + at);
        T term = a[row * side + columns[at]] * minor(a, side, row + 1, others);
        if (at % 2) result -= term; else result += term;
    }
    return result;
}

template <class T> static vector<T> det(const vector<T> &x, const double *, const int *size) {
    vector<int> columns(size[0]);
    for (int i = 0; i < size[0]; i++) columns[i] = i;
    return {T(minor(x.data(), size[0], 0, columns))};
}

// x: centroids k·d; rest: points n·d; size: k d n
template <class T>
static vector<T> kmeans(const vector<T> &x, const double *rest, const int *size) {
    const int k = size[0], d = size[1], n = size[2];
    T cost = 0.0;
    for (int p = 0; p < n; p++) {
        T nearest = INFINITY;
        for (int c = 0; c < k; c++) {
            T squared = 0.0;
            for (int i = 0; i < d; i++) {
                T away = rest[p * d + i] - x[c * d + i];
                squared += away * away;
            }
            if (number(squared) < number(nearest)) nearest = squared;
        }
        cost += nearest;
    }
    return {cost};
}

template <class T> static T inner(const T *a, const T *b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

// One observation. x: rotation 3, center 3, focal length, principal point 2, distortion 2,
// point 3, weight; rest: where it was seen 2. Two errors, and that of the weight.
template <class T>
static vector<T> ba(const vector<T> &x, const double *rest, const int *) {
    const T *turn = x.data(), &weight = x[14];
    T v[3], seen[3];
    for (int i = 0; i < 3; i++) v[i] = x[11 + i] - x[3 + i];
    const T squared = inner(turn, turn);
    if (number(squared) == 0) {
        for (int i = 0; i < 3; i++) {
            const int j = (i + 1) % 3, k = (i + 2) % 3;
            seen[i] = v[i] + turn[j] * v[k] - turn[k] * v[j];
        }
    } else {
        const T angle = sqrt(squared), c = cos(angle), s = sin(angle);
        const T axis[] = {turn[0] / angle, turn[1] / angle, turn[2] / angle};
        const T along = inner(axis, v) * (1.0 - c);
        for (int i = 0; i < 3; i++) {
            const int j = (i + 1) % 3, k = (i + 2) % 3;
            seen[i] = v[i] * c + (axis[j] * v[k] - axis[k] * v[j]) * s + axis[i] * along;
        }
    }
    const T at[] = {seen[0] / seen[2], seen[1] / seen[2]};
    const T r2 = at[0] * at[0] + at[1] * at[1];
    const T stretch = 1.0 + x[9] * r2 + x[10] * r2 * r2;
    return {weight * (at[0] * stretch * x[6] + x[7] - rest[0]),
            weight * (at[1] * stretch * x[6] + x[8] - rest[1]), 1.0 - weight * weight};
}

// Rows and columns of a motion: a rotation 3·3 and a shift, the last row left out.
template <class T, class A, class B>
static void moved(const A (*a)[4], const B (*b)[4], T (*out)[4]) {
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++) {
            out[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
            if (j == 3) out[i][j] += a[i][3];
        }
}

// The rotation about x, then y, then z.
template <class T> static void turned(const T *angles, T (*out)[4]) {
    const T cx = cos(angles[0]), sx = sin(angles[0]), cz = cos(angles[1]);
    const T sz = sin(angles[1]), cy = cos(angles[2]), sy = sin(angles[2]);
    const T rows[3][3] = {{cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx},
                          {sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx},
                          {-sy, cy * sx, cy * cx}};
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) out[i][j] = rows[i][j];
        out[i][3] = 0.0;
    }
}

template <class T> static void turned_about(const T *v, T (*out)[3]) {
    const T angle = sqrt(inner(v, v));
    if (number(angle) < 1e-4) {
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) out[i][j] = double(i == j);
        return;
    }
    const T n[] = {v[0] / angle, v[1] / angle, v[2] / angle}, s = sin(angle), c = cos(angle);
    const T t = 1.0 - c;
    for (int i = 0; i < 3; i++) {
        const int j = (i + 1) % 3, k = (i + 2) % 3;
        out[i][i] = n[i] * n[i] + (1.0 - n[i] * n[i]) * c;
        out[i][j] = n[i] * n[j] * t - n[k] * s;
        out[i][k] = n[i] * n[k] * t + n[j] * s;
    }
}

// x: us 2·points, theta 26; rest: per bone 16 of its relative motion and 16 of the inverse
// absolute, base positions 4·vertices, weights bones·vertices, points 3·points;
// size: bones vertices points, parents, triangles 3·vertices, correspondences
template <class T>
static vector<T> ht(const vector<T> &x, const double *rest, const int *size) {
    typedef const double (*Motion)[4];
    const int bones = size[0], vertices = size[1], points = size[2], *parents = size + 3;
    const int *triangles = parents + bones, *targets = triangles + 3 * vertices;
    const double *base = rest + 32 * bones, *weights = base + 4 * vertices;
    const double *seen = weights + bones * vertices;
    const T *theta = x.data() + 2 * points;
    vector<T> angles(3 * bones, T(0.0)), at(3 * vertices);
    for (int finger = 0, bone = 2, i = 6; finger < 5; finger++, bone += 4, i += 4) {
        angles[3 * bone] = theta[i];
        angles[3 * bone + 1] = theta[i + 1];
        angles[3 * (bone + 1)] = theta[i + 2];
        angles[3 * (bone + 2)] = theta[i + 3];
    }
    struct Bone {
        T absolute[3][4], transform[3][4];
    };
    vector<Bone> skeleton(bones);
    for (int b = 0; b < bones; b++) {
        T turn[3][4], relative[3][4];
        turned(&angles[3 * b], turn);
        moved(Motion(rest + 16 * b), turn, parents[b] < 0 ? skeleton[b].absolute : relative);
        if (parents[b] >= 0)
            moved(skeleton[parents[b]].absolute, relative, skeleton[b].absolute);
        const Motion inverse = Motion(rest + 16 * (bones + b));
        moved(skeleton[b].absolute, inverse, skeleton[b].transform);
    }
    T turn[3][3];
    turned_about(theta, turn);
    for (int v = 0; v < vertices; v++) {
        T vertex[] = {0.0, 0.0, 0.0};
        const double *p = base + 4 * v;
        for (int b = 0; b < bones; b++) {
            const double w = weights[v * bones + b];
            for (int i = 0; w != 0 && i < 3; i++) {
                const T *row = skeleton[b].transform[i];
                vertex[i] += w * (row[0] * p[0] + row[1] * p[1] + row[2] * p[2] + row[3] * p[3]);
            }
        }
        for (int i = 0; i < 3; i++) at[3 * v + i] = inner(turn[i], vertex) + theta[3 + i];
    }
    vector<T> errors(3 * points);
    for (int i = 0; i < points; i++) {
        const int *corner = triangles + 3 * targets[i];
        const T &u = x[2 * i], &v = x[2 * i + 1];
        for (int j = 0; j < 3; j++)
            errors[3 * i + j] = seen[3 * i + j] -
                (u * at[3 * corner[0] + j] + v * at[3 * corner[1] + j] +
                 (1.0 - u - v) * at[3 * corner[2] + j]);
    }
    return errors;
}

template <class T> struct Function {
    const char *name;
    vector<T> (*of)(const vector<T> &, const double *, const int *);
};

template <class T> static const Function<T> *function(const char *name) {
    static const Function<T> all[] = {
        {"ba", ba<T>},         {"det", det<T>},   {"gmm", gmm<T>}, {"ht", ht<T>},
        {"kmeans", kmeans<T>}, {"llsq", llsq<T>}, {"lse", lse<T>}, {"lstm", lstm<T>},
        {"ode", ode<T>}};
    for (const auto &known : all)
        if (!std::strcmp(known.name, name)) return &known;
    return nullptr;
}

// The last result for count inputs of n, of which each has its own.
extern "C" double primal(const char *name, const double *x, int n, int count,
                         const double *rest, const int *size) {
    const Function<double> *known = function<double>(name);
    double last = 0.0;
    for (int k = 0; k < count; k++)
        last = known->of(vector<double>(x + k * n, x + (k + 1) * n), rest, size).back();
    return last;
}

#ifdef TAPE
// How many results the recorded function has.
extern "C" int record(const char *name, const double *x, int n, const double *rest,
                      const int *size) {
    trace_on(1);
    vector<adouble> inputs(n);
    for (int i = 0; i < n; i++) inputs[i] <<= x[i];
    double value;
    const vector<adouble> results = function<adouble>(name)->of(inputs, rest, size);
    for (const adouble &result : results) const_cast<adouble &>(result) >>= value;
    trace_off();
    return int(results.size());
}

// Forward with what reverse needs kept, then reverse: value and gradient.
extern "C" double reverse(const double *x, int n, double *slopes) {
    double value, weight = 1.0;
    zos_forward(1, 1, n, 1, x, &value);
    fos_reverse(1, 1, n, &weight, slopes);
    return value;
}

// The gradient over the Hessian's diagonal, which is its product with ones if there is
// nothing beside it.
extern "C" double newton(const double *x, int n, double *steps) {
    vector<double> ones(n, 1.0), diagonal(n);
    hess_vec(1, n, const_cast<double *>(x), ones.data(), diagonal.data());
    const double value = reverse(x, n, steps);
    for (int i = 0; i < n; i++) steps[i] /= diagonal[i];
    return value;
}

static vector<double *> rows(double *of, int count, int width) {
    vector<double *> found(count);
    for (int i = 0; i < count; i++) found[i] = of + i * width;
    return found;
}

// The m results along p directions in one sweep forward; the last result.
extern "C" double directions(const double *x, int n, int m, int p, double *seeds,
                             double *slopes) {
    vector<double> y(m);
    fov_forward(1, m, n, p, x, rows(seeds, n, p).data(), y.data(), rows(slopes, m, p).data());
    return y[m - 1];
}

// The m by n Jacobian at each of count inputs.
extern "C" void blocks(const double *x, int n, int m, int count, double *slopes) {
    for (int k = 0; k < count; k++)
        jacobian(1, m, n, x + k * n, rows(slopes + k * m * n, m, n).data());
}
#endif
