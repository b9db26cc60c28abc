// One step of the language model on a CPU: all layers of the transformer in one call.
//
// A step multiplies a few rows by 1.6 billion weights, so its time is the time to read the weights once. They are
// stored in the order in which they are read: in panels of 32 outputs, all inputs of a panel consecutive, as half
// floats or int8 where that loses nothing. All arithmetic is in float.
//
// All threads execute the functions of a step together (`omp for` inside one `omp parallel`); each ends with a barrier.
// Every row is summed in the same order whatever the number of rows, and no row depends on another: a take has the same
// bits alone and in any batch. That requires that the compiler does not reorder sums: no -ffast-math.

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 9
#error "the compiler is too old"  // it has no __builtin_convertvector
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#if defined(__AMX_INT8__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#define TILES
#endif
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr int WIDTH = 16;  // floats in a vector
constexpr int ROWS = 12;   // rows of a tile: with two vectors each, what the registers hold
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
constexpr int WIDTH = 8;
constexpr int ROWS = 6;
#elif defined(__aarch64__)
constexpr int WIDTH = 4;
constexpr int ROWS = 12;
#else
#error "no kernel for this processor"
#endif

constexpr long ABI = 2;      // a new number whenever a function or the meaning of a field changes
constexpr int PANEL = 32;    // outputs that are stored together
constexpr int AHEAD = 2048;  // prefetch distance in bytes
constexpr long BLOCK = 16;   // positions whose keys are stored together
constexpr long LANES = 16;   // partial sums of a row: the same number and order on any processor

typedef float Vector __attribute__((vector_size(4 * WIDTH), aligned(4)));
typedef int32_t Integers __attribute__((vector_size(4 * WIDTH), aligned(4)));

enum Kind { FLOAT32 = 0, FLOAT16 = 1, BFLOAT16 = 2, INT8 = 3 };
enum Epilogue { STORE = 0, GELU = 1, ADD = 2 };  // what is done with a product

// The structs of the interface are mirrored in kernels.py, which compares their sizes with those that sb_abi() returns.

// A linear layer without bias. Arrays over the outputs are padded to whole panels.
struct Matrix {
  long kind, inputs, outputs;
  const void* data;
  const float* scales;  // int8: of each output
  const int32_t* sums;  // int8: the sum of each output's weights
};

struct Norm {
  const float *weight, *bias;
};

struct Layer {
  Norm self_norm, cross_norm, ffn_norm;
  Matrix self_qkv, self_out, cross_query, cross_out, ffn_up, ffn_down;
};

// Keys and values of all slots, for one layer: keys as (slots, heads, blocks, head_dim, BLOCK), so that sixteen
// positions are one vector's lanes; values as (slots, heads, capacity, head_dim).
struct KVCache {
  void *keys, *values;
  long heads, head_dim, capacity, half;  // half: stored as half floats
};

// The slot of each row, and how many of its positions the row attends to.
struct Rows {
  long count;
  const int32_t *slots, *lengths;
};

// Buffers for the intermediate results of a layer.
struct Workspace {
  float* narrow;    // (rows, dim)
  float* wide;      // (rows, outputs of the widest matrix)
  uint8_t* digits;  // see multiply_int8
};

// The rows of a step through all layers. The first `cross_rows.count` rows have a prompt.
struct Step {
  float* hidden;  // (rows, dim), in place
  long dim, layer_count;
  const Layer* layers;
  const KVCache *self_caches, *cross_caches;  // of each layer
  Rows rows, cross_rows;
  Workspace workspace;
};

// Keys and values (rows, heads * head_dim) to be written to a cache; rows are `stride` floats apart.
struct Entries {
  const float *keys, *values;
  long stride;
  Rows rows;
};

// What kernels.py has to agree with: the number above, and the size of each struct in bytes.
struct Abi {
  long number, matrix, norm, layer, kv_cache, rows, workspace, step, entries;
};

Vector spread(float value) { return value - Vector{}; }

Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }

// The first `count` floats, zeros beyond.
Vector load_part(const float* from, long count) {
  if (count >= WIDTH) return load(from);
  float lanes[WIDTH] = {};
  for (long lane = 0; lane < count; lane++) lanes[lane] = from[lane];
  return load(lanes);
}

// To the nearest integer, ties to even, for magnitudes below 2^22.
Vector rounded(Vector x) {
  const Vector shift = spread(12582912.0f);  // 1.5 * 2^23: no bits are left for a fraction
  return (x + shift) - shift;
}

#if defined(__AVX512F__)
Vector load_half(const uint16_t* from) {
  return (Vector)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
void store_half(uint16_t* to, Vector value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtps_ph((__m512)value, _MM_FROUND_TO_NEAREST_INT));
}
#elif defined(__AVX2__)
Vector load_half(const uint16_t* from) {
  return (Vector)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
void store_half(uint16_t* to, Vector value) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_cvtps_ph((__m256)value, _MM_FROUND_TO_NEAREST_INT));
}
#else
Vector load_half(const uint16_t* from) {
  return (Vector)vcvt_f32_f16(vld1_f16(reinterpret_cast<const float16_t*>(from)));
}
void store_half(uint16_t* to, Vector value) {
  vst1_f16(reinterpret_cast<float16_t*>(to), vcvt_f16_f32((float32x4_t)value));
}
#endif

Vector load_bfloat16(const uint16_t* from) {
  typedef uint16_t Halves __attribute__((vector_size(2 * WIDTH), aligned(2)));
  typedef uint32_t Words __attribute__((vector_size(4 * WIDTH)));
  return (Vector)(__builtin_convertvector(*reinterpret_cast<const Halves*>(from), Words) << 16);
}

template <int kind>
Vector load_weights(const void* from, long at) {
  if (kind == FLOAT32) return load(static_cast<const float*>(from) + at);
  if (kind == FLOAT16) return load_half(static_cast<const uint16_t*>(from) + at);
  return load_bfloat16(static_cast<const uint16_t*>(from) + at);
}

// e^x for x <= 0: 2^n times a Taylor polynomial of the rest, which is at most ln 2 / 2.
Vector exponential(Vector x) {
  const Vector least = spread(-87.0f);
  x = x < least ? least : x;
  const Vector n = rounded(x * spread(1.44269504f));
  const Vector rest = (x - n * spread(0.693359375f)) - n * spread(-2.12194440e-4f);  // ln 2 in two parts
  Vector sum = spread(1.0f / 5040);
  for (float coefficient : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f})
    sum = sum * rest + spread(coefficient);
  const Integers power = (__builtin_convertvector(n, Integers) + 127) << 23;
  return sum * (Vector)power;
}

// x times the normal distribution function at x, whose error function is Abramowitz & Stegun 7.1.26 (within 1.5e-7).
Vector gelu(Vector x) {
  const Vector zero{};
  const Vector z = (x < zero ? -x : x) * spread(0.70710678f);
  const Vector t = spread(1.0f) / (spread(1.0f) + spread(0.3275911f) * z);
  Vector sum = spread(1.061405429f);
  for (float coefficient : {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f})
    sum = sum * t + spread(coefficient);
  const Vector above = spread(0.5f) * sum * t * exponential(-z * z);  // the tail of the distribution beyond |x|
  return x * (x < zero ? above : spread(1.0f) - above);
}

void finish(float* to, Vector value, long epilogue, long room) {
  if (epilogue == GELU) value = gelu(value);
  if (room >= WIDTH) {
    if (epilogue == ADD) value += load(to);
    *reinterpret_cast<Vector*>(to) = value;
    return;
  }
  for (long lane = 0; lane < room; lane++) to[lane] = epilogue == ADD ? to[lane] + value[lane] : value[lane];
}

// `rows` rows times two vectors of outputs: y (rows, outputs) from x (rows, inputs) and a part of a panel.
template <int kind, int rows>
void tile(const float* x, const void* panel, int part, long inputs, float* y, long outputs, long epilogue, long room) {
  constexpr int bytes = kind == FLOAT32 ? 4 : 2;
  Vector sums[rows][2] = {};
  for (long k = 0; k < inputs; k++) {
    const long at = k * PANEL + part;
    __builtin_prefetch(static_cast<const char*>(panel) + at * bytes + AHEAD);
    if (bytes == 4) __builtin_prefetch(static_cast<const char*>(panel) + at * bytes + AHEAD + 64);
    const Vector left = load_weights<kind>(panel, at), right = load_weights<kind>(panel, at + WIDTH);
    for (int row = 0; row < rows; row++) {
      const Vector value = spread(x[row * inputs + k]);
      sums[row][0] += left * value;
      sums[row][1] += right * value;
    }
  }
  for (int row = 0; row < rows; row++)
    for (int side = 0; side < 2; side++)
      if (room > side * WIDTH) finish(y + row * outputs + side * WIDTH, sums[row][side], epilogue, room - side * WIDTH);
}

typedef void (*Tile)(const float*, const void*, int, long, float*, long, long, long);

template <int kind, int rows>
Tile tile_of(long wanted) {
  if constexpr (rows == 0)
    return nullptr;
  else
    return wanted == rows ? tile<kind, rows> : tile_of<kind, rows - 1>(wanted);
}

template <int kind>
void multiply(float* y, const float* x, const Matrix& weights, long rows, long epilogue) {
  const long inputs = weights.inputs, outputs = weights.outputs, panels = (outputs + PANEL - 1) / PANEL;
  const long panel_bytes = PANEL * inputs * (kind == FLOAT32 ? 4 : 2);
#pragma omp for schedule(dynamic, 4)
  for (long number = 0; number < panels; number++) {
    const void* panel = static_cast<const char*>(weights.data) + number * panel_bytes;
    for (long row = 0; row < rows; row += ROWS) {
      const Tile run = tile_of<kind, ROWS>(rows - row < ROWS ? rows - row : ROWS);
      for (int part = 0; part < PANEL; part += 2 * WIDTH) {
        const long output = number * PANEL + part;
        if (output >= outputs) break;
        run(x + row * inputs, panel, part, inputs, y + row * outputs + output, outputs, epilogue, outputs - output);
      }
    }
  }
}

// int8: a row is quantized to 14 bits and split into two digits of 7 bits, so that the sums of digits times weights are
// exact integers on any processor.
constexpr int MIDDLE = 8192;  // the zero point of 14 bits
constexpr int PAIRS = 4;  // rows of a tile, two digits each

float to_digits(const float* x, long inputs, long padded, uint8_t* low, uint8_t* high) {
  typedef uint8_t Bytes __attribute__((vector_size(WIDTH), aligned(1)));
  Vector peaks{};
  for (long k = 0; k < inputs; k += WIDTH) {
    const Vector value = load_part(x + k, inputs - k), size = value < Vector{} ? -value : value;
    peaks = size > peaks ? size : peaks;
  }
  float largest = 0;
  for (int lane = 0; lane < WIDTH; lane++) largest = peaks[lane] > largest ? peaks[lane] : largest;
  const float scale = largest > 0 ? largest / (MIDDLE - 1) : 1.0f;
  for (long k = 0; k < padded; k += WIDTH) {
    const Vector scaled = load_part(x + k, inputs - k) * spread(1.0f / scale);
    const Integers whole = __builtin_convertvector(rounded(scaled), Integers) + MIDDLE;
    const Bytes digits[2] = {__builtin_convertvector(whole & 127, Bytes), __builtin_convertvector(whole >> 7, Bytes)};
    const long count = padded - k < WIDTH ? padded - k : WIDTH;
    std::memcpy(low + k, &digits[0], count);
    std::memcpy(high + k, &digits[1], count);
  }
  return scale;
}

// Four digits of a row times four weights of each of the panel's outputs, added to 32 sums. Loops over sums are
// unrolled before registers are assigned: GCC otherwise copies every sum twice a step.
#if defined(__AVX512VNNI__)
typedef __m512i Sums;
constexpr int SUMS = 2;
inline void add_products(Sums* sums, const int8_t* weights, uint32_t digits) {
  const __m512i row = _mm512_set1_epi32(static_cast<int>(digits));
#pragma GCC unroll 4
  for (int part = 0; part < SUMS; part++)
    sums[part] = _mm512_dpbusd_epi32(sums[part], row, _mm512_loadu_si512(weights + 64 * part));
}
#elif defined(__AVX2__)
typedef __m256i Sums;
constexpr int SUMS = 4;
inline void add_products(Sums* sums, const int8_t* weights, uint32_t digits) {
  const __m256i row = _mm256_set1_epi32(static_cast<int>(digits)), ones = _mm256_set1_epi16(1);
#pragma GCC unroll 4
  for (int part = 0; part < SUMS; part++) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights + 32 * part));
    const __m256i pairs = _mm256_maddubs_epi16(row, bytes);  // at most 2 * 127 * 127: no saturation
    sums[part] = _mm256_add_epi32(sums[part], _mm256_madd_epi16(pairs, ones));
  }
}
#else
typedef int32_t Sums __attribute__((vector_size(128)));
constexpr int SUMS = 1;
inline void add_products(Sums* sums, const int8_t* weights, uint32_t digits) {
  int8_t row[4];
  std::memcpy(row, &digits, 4);
  for (int output = 0; output < PANEL; output++)
    for (int k = 0; k < 4; k++) sums[0][output] += row[k] * weights[4 * output + k];
}
#endif

// What a pass over a panel prefetches: `pace` bytes for each four inputs, from `from` on.
struct Prefetch {
  const int8_t* from;
  long pace;
};

template <int pairs>
void int8_tile(const uint8_t* digits, const int8_t* panel, long padded, int32_t (*totals)[PANEL], Prefetch ahead) {
  Sums sums[2 * pairs][SUMS];
#pragma GCC unroll 8
  for (int row = 0; row < 2 * pairs; row++)
#pragma GCC unroll 4
    for (int part = 0; part < SUMS; part++) sums[row][part] = Sums{};
  for (long k = 0; k < padded; k += 4) {
    for (long line = 0; line < ahead.pace; line += 64) __builtin_prefetch(ahead.from + line);
    ahead.from += ahead.pace;
#pragma GCC unroll 8
    for (int row = 0; row < 2 * pairs; row++) {
      uint32_t four;
      std::memcpy(&four, digits + row * padded + k, 4);
      add_products(sums[row], panel + k * PANEL, four);
    }
  }
#pragma GCC unroll 8
  for (int row = 0; row < 2 * pairs; row++)
#pragma GCC unroll 4
    for (int part = 0; part < SUMS; part++) std::memcpy(&totals[row][PANEL / SUMS * part], &sums[row][part], sizeof(Sums));
}

typedef void (*Int8Tile)(const uint8_t*, const int8_t*, long, int32_t (*)[PANEL], Prefetch);
constexpr Int8Tile INT8_TILES[PAIRS] = {int8_tile<1>, int8_tile<2>, int8_tile<3>, int8_tile<4>};

// How many rows of digits are multiplied with a panel's 32 outputs at once.
constexpr int PASS = 32;

#if defined(TILES)
// Linux grants a process the tile registers of AMX on request.
bool request_tiles() {
  constexpr long REQUEST = 0x1023, TILE_DATA = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
}

const bool HAS_TILES = request_tiles();

// Configures the eight tiles of this thread as 16 rows of 64 bytes each, until it is destroyed.
struct Tiles {
  explicit Tiles(bool wanted) : wanted(wanted) {
    struct alignas(64) {
      uint8_t palette = 1, start = 0, reserved[14] = {};
      uint16_t columns[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } shape;
    if (wanted) _tile_loadconfig(&shape);
  }
  ~Tiles() {
    if (wanted) _tile_release();
  }
  const bool wanted;
};

// Reads rows of digits sixteen at a time: the buffer is padded to a multiple of sixteen rows.
void run_tiles(const uint8_t* digits, long rows, const int8_t* panel, long padded, int32_t (*totals)[PANEL]) {
  const bool both = rows > 16;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (long k = 0; k < padded; k += 64) {
    _tile_loadd(4, digits + k, padded);
    _tile_loadd(6, panel + k * PANEL, 128);
    _tile_loadd(7, panel + k * PANEL + 64, 128);
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    if (both) {
      _tile_loadd(5, digits + 16 * padded + k, padded);
      _tile_dpbusd(2, 5, 6);
      _tile_dpbusd(3, 5, 7);
    }
  }
  _tile_stored(0, totals[0], 128);
  _tile_stored(1, totals[0] + 16, 128);
  if (both) {
    _tile_stored(2, totals[16], 128);
    _tile_stored(3, totals[16] + 16, 128);
  }
}

bool suits_tiles(long padded) { return HAS_TILES && padded % 64 == 0; }
#else
struct Tiles {
  explicit Tiles(bool) {}
  static constexpr bool wanted = false;
};
void run_tiles(const uint8_t*, long, const int8_t*, long, int32_t (*)[PANEL]) {}
bool suits_tiles(long) { return false; }
#endif

void sum_up(const Tiles& tiles, const uint8_t* digits, long rows, const int8_t* panel, long padded,
            int32_t (*totals)[PANEL]) {
  if (tiles.wanted) return run_tiles(digits, rows, panel, padded, totals);
  const long passes = (rows + 2 * PAIRS - 1) / (2 * PAIRS), size = padded * PANEL;
  // Each of several passes fetches its share of the next panel: else memory would be idle while the later ones compute.
  Prefetch ahead{panel + (passes == 1 ? 2 * AHEAD : size), 4 * PANEL / passes};
  for (long row = 0; row < rows; row += 2 * PAIRS, ahead.from += size / passes) {
    const long pairs = (rows - row < 2 * PAIRS ? rows - row : 2 * PAIRS) / 2;
    INT8_TILES[pairs - 1](digits + row * padded, panel, padded, totals + row, ahead);
  }
}

// `digits` holds two bytes a value for whole PASSes of rows, followed by the scale of each row, a float.
void multiply_int8(float* y, const float* x, const Matrix& weights, long rows, long epilogue, uint8_t* digits) {
  const long inputs = weights.inputs, outputs = weights.outputs, panels = (outputs + PANEL - 1) / PANEL;
  const long padded = (inputs + 3) / 4 * 4;
  float* row_scales = reinterpret_cast<float*>(digits + (2 * rows + PASS - 1) / PASS * PASS * padded);
#pragma omp for schedule(static)
  for (long row = 0; row < rows; row++) {
    uint8_t* low = digits + 2 * row * padded;
    row_scales[row] = to_digits(x + row * inputs, inputs, padded, low, low + padded);
  }
  const Tiles tiles(suits_tiles(padded));
#pragma omp for schedule(dynamic, 4)
  for (long number = 0; number < panels; number++) {
    const int8_t* panel = static_cast<const int8_t*>(weights.data) + number * PANEL * padded;
    alignas(64) int32_t totals[PASS][PANEL];
    for (long first = 0; first < rows; first += PASS / 2) {
      const long count = rows - first < PASS / 2 ? rows - first : PASS / 2;
      sum_up(tiles, digits + 2 * first * padded, 2 * count, panel, padded, totals);
      for (long row = 0; row < count; row++)
        for (long lane = 0; lane < PANEL; lane += WIDTH) {
          const long output = number * PANEL + lane;
          if (output >= outputs) break;
          const auto whole = [](const int32_t* from) { return *reinterpret_cast<const Integers*>(from); };
          const Integers high = whole(&totals[2 * row + 1][lane]) - (MIDDLE / 128) * whole(weights.sums + output);
          const Vector sum = __builtin_convertvector(high, Vector) * spread(128.0f) +
                             __builtin_convertvector(whole(&totals[2 * row][lane]), Vector);
          const Vector scale = spread(row_scales[first + row]) * load(weights.scales + output);
          finish(y + (first + row) * outputs + output, sum * scale, epilogue, outputs - output);
        }
    }
  }
}

void linear(float* y, const float* x, const Matrix& weights, long rows, long epilogue, uint8_t* digits) {
  switch (weights.kind) {
    case FLOAT32: return multiply<FLOAT32>(y, x, weights, rows, epilogue);
    case FLOAT16: return multiply<FLOAT16>(y, x, weights, rows, epilogue);
    case BFLOAT16: return multiply<BFLOAT16>(y, x, weights, rows, epilogue);
    case INT8: return multiply_int8(y, x, weights, rows, epilogue, digits);
  }
}

// The sum of (x - from)^power over a row, whose width is a multiple of LANES, in LANES partial sums.
template <int power>
float sum_of(const float* x, long width, float from) {
  Vector sums[LANES / WIDTH] = {};
  for (long k = 0; k < width; k += LANES)
    for (int next = 0; next < LANES / WIDTH; next++) {
      const Vector value = load(x + k + next * WIDTH) - spread(from);
      sums[next] += power == 2 ? value * value : value;
    }
  float sum = 0;
  for (const Vector& part : sums)
    for (int lane = 0; lane < WIDTH; lane++) sum += part[lane];
  return sum;
}

// y = (x - mean) / deviation * weight + bias, for each row.
void layer_norm(float* y, const float* x, const Norm& norm, long rows, long width) {
  constexpr float EPSILON = 1e-5f;  // torch's
#pragma omp for schedule(static)
  for (long row = 0; row < rows; row++) {
    const float* from = x + row * width;
    const float center = sum_of<1>(from, width, 0.0f) / width;
    const float by = 1.0f / std::sqrt(sum_of<2>(from, width, center) / width + EPSILON);
    for (long k = 0; k < width; k++) y[row * width + k] = (from[k] - center) * by * norm.weight[k] + norm.bias[k];
  }
}

template <typename Stored>
struct Element;

template <>
struct Element<float> {
  static Vector load(const float* from) { return ::load(from); }
  static void store(float* to, float value) { *to = value; }
};

template <>
struct Element<uint16_t> {
  static Vector load(const uint16_t* from) { return load_half(from); }
  static void store(uint16_t* to, float value) {
    uint16_t lanes[WIDTH];
    store_half(lanes, spread(value));
    *to = lanes[0];
  }
};

// Each row's keys and values go to the last of its positions.
template <typename Stored>
void store_entries(const KVCache& cache, const Entries& entries) {
  const Rows& rows = entries.rows;
#pragma omp for schedule(static)
  for (long task = 0; task < rows.count * cache.heads; task++) {
    const long row = task / cache.heads, head = task % cache.heads, position = rows.lengths[row] - 1;
    const long dim = cache.head_dim, start = (rows.slots[row] * cache.heads + head) * cache.capacity * dim;
    Stored* keys = static_cast<Stored*>(cache.keys) + start + position / BLOCK * dim * BLOCK + position % BLOCK;
    Stored* values = static_cast<Stored*>(cache.values) + start + position * dim;
    for (long d = 0; d < dim; d++) {
      Element<Stored>::store(keys + d * BLOCK, entries.keys[row * entries.stride + head * dim + d]);
      Element<Stored>::store(values + d, entries.values[row * entries.stride + head * dim + d]);
    }
  }
}

// `vectors` vectors of the values' weighted mean.
template <int vectors, typename Stored>
void mean(float* out, const Stored* values, long width, long length, const float* weights, float norm) {
  Vector sums[vectors] = {};
  for (long position = 0; position < length; position++) {
    __builtin_prefetch(reinterpret_cast<const char*>(values + position * width) + AHEAD);
    if (sizeof(Stored) == 4)
      __builtin_prefetch(reinterpret_cast<const char*>(values + position * width) + AHEAD + 64);
    for (int next = 0; next < vectors; next++)
      sums[next] += Element<Stored>::load(values + position * width + next * WIDTH) * spread(weights[position]);
  }
  for (int next = 0; next < vectors; next++)
    *reinterpret_cast<Vector*>(out + next * WIDTH) = sums[next] * spread(norm);
}

// Scaled dot-product attention of one query to `length` positions; `scores` has room for whole blocks of them.
template <typename Stored>
void attend_one(float* out, const float* query, const Stored* keys, const Stored* values, long width, long length,
                float* scores) {
  const Vector scale = spread(1.0f / std::sqrt(static_cast<float>(width)));
  const long blocks = (length + BLOCK - 1) / BLOCK;
  float highest = -INFINITY;
  for (long block = 0; block < blocks; block++)
    for (int part = 0; part < BLOCK; part += WIDTH) {
      const Stored* lanes = keys + block * width * BLOCK + part;
      Vector sums[4] = {};
      for (long d = 0; d < width; d += 4)
        for (int next = 0; next < 4; next++) {
          __builtin_prefetch(reinterpret_cast<const char*>(lanes + (d + next) * BLOCK) + AHEAD);
          sums[next] += Element<Stored>::load(lanes + (d + next) * BLOCK) * spread(query[d + next]);
        }
      const Vector found = ((sums[0] + sums[1]) + (sums[2] + sums[3])) * scale;
      for (int lane = 0; lane < WIDTH; lane++) {
        const long position = block * BLOCK + part + lane;
        scores[position] = position < length ? found[lane] : -INFINITY;
        highest = scores[position] > highest ? scores[position] : highest;
      }
    }
  for (long position = 0; position < blocks * BLOCK; position += WIDTH)
    *reinterpret_cast<Vector*>(scores + position) = exponential(load(scores + position) - spread(highest));
  float total = 0;
  for (long position = 0; position < length; position++) total += scores[position];
  long d = 0;
  for (; d + 4 * WIDTH <= width; d += 4 * WIDTH) mean<4>(out + d, values + d, width, length, scores, 1.0f / total);
  for (; d < width; d += WIDTH) mean<1>(out + d, values + d, width, length, scores, 1.0f / total);
}

template <typename Stored>
void attend(float* out, const float* query, long stride, const KVCache& cache, const Rows& rows) {
  std::vector<float> scores(cache.capacity);
#pragma omp for schedule(dynamic, 4)
  for (long task = 0; task < rows.count * cache.heads; task++) {
    const long row = task / cache.heads, head = task % cache.heads, dim = cache.head_dim;
    const long start = (rows.slots[row] * cache.heads + head) * cache.capacity * dim;
    attend_one(out + task * dim, query + row * stride + head * dim, static_cast<Stored*>(cache.keys) + start,
               static_cast<Stored*>(cache.values) + start, dim, rows.lengths[row], scores.data());
  }
}

void store_any(const KVCache& cache, const Entries& entries) {
  cache.half ? store_entries<uint16_t>(cache, entries) : store_entries<float>(cache, entries);
}

void attend_any(float* out, const float* query, long stride, const KVCache& cache, const Rows& rows) {
  cache.half ? attend<uint16_t>(out, query, stride, cache, rows) : attend<float>(out, query, stride, cache, rows);
}

void self_attention(const Step& step, const Layer& layer, const KVCache& cache) {
  const long dim = step.dim, stride = 3 * dim;
  const Workspace& work = step.workspace;
  layer_norm(work.narrow, step.hidden, layer.self_norm, step.rows.count, dim);
  linear(work.wide, work.narrow, layer.self_qkv, step.rows.count, STORE, work.digits);
  store_any(cache, {work.wide + dim, work.wide + 2 * dim, stride, step.rows});
  attend_any(work.narrow, work.wide, stride, cache, step.rows);
  linear(step.hidden, work.narrow, layer.self_out, step.rows.count, ADD, work.digits);
}

void cross_attention(const Step& step, const Layer& layer, const KVCache& cache) {
  if (step.cross_rows.count == 0) return;  // a model whose prompt stands before its codes
  const Workspace& work = step.workspace;
  layer_norm(work.narrow, step.hidden, layer.cross_norm, step.cross_rows.count, step.dim);
  linear(work.wide, work.narrow, layer.cross_query, step.cross_rows.count, STORE, work.digits);
  attend_any(work.narrow, work.wide, step.dim, cache, step.cross_rows);
  linear(step.hidden, work.narrow, layer.cross_out, step.cross_rows.count, ADD, work.digits);
}

void feed_forward(const Step& step, const Layer& layer) {
  const Workspace& work = step.workspace;
  layer_norm(work.narrow, step.hidden, layer.ffn_norm, step.rows.count, step.dim);
  linear(work.wide, work.narrow, layer.ffn_up, step.rows.count, GELU, work.digits);
  linear(step.hidden, work.wide, layer.ffn_down, step.rows.count, ADD, work.digits);
}

}  // namespace

extern "C" {

Abi sb_abi() {
  return {ABI,          sizeof(Matrix),    sizeof(Norm), sizeof(Layer),  sizeof(KVCache),
          sizeof(Rows), sizeof(Workspace), sizeof(Step), sizeof(Entries)};
}

void sb_layers(const Step* step) {
#pragma omp parallel
  for (long number = 0; number < step->layer_count; number++) {
    const Layer& layer = step->layers[number];
    self_attention(*step, layer, step->self_caches[number]);
    cross_attention(*step, layer, step->cross_caches[number]);
    feed_forward(*step, layer);
  }
}

// y (rows, outputs) = x (rows, inputs) times the weights.
void sb_linear(float* y, const float* x, const Matrix* weights, long rows, uint8_t* digits) {
#pragma omp parallel
  linear(y, x, *weights, rows, STORE, digits);
}

void sb_layer_norm(float* y, const float* x, const Norm* norm, long rows, long width) {
#pragma omp parallel
  layer_norm(y, x, *norm, rows, width);
}

void sb_store(const KVCache* cache, const Entries* entries) {
#pragma omp parallel
  store_any(*cache, *entries);
}

}  // extern "C"
