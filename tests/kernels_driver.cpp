// A layer by kernels.cpp, which is compiled into this program, on numbers from stdin: for processors that only an
// emulator has here. test_kernels_arm.py writes the input; main() reads it in that order.

#include "kernels.cpp"

#include <cstdio>
#include <cstdlib>

namespace {

// An array that begins with its size in bytes, at an address that suits any type; none where that is 0.
void* array() {
  int64_t size;
  if (std::fread(&size, sizeof size, 1, stdin) != 1) std::exit(1);
  if (size == 0) return nullptr;
  void* bytes = std::aligned_alloc(64, (size + 63) / 64 * 64);
  if (std::fread(bytes, 1, size, stdin) != static_cast<size_t>(size)) std::exit(1);
  return bytes;
}

template <typename Number>
Number* array_of() {
  return static_cast<Number*>(array());
}

long number() { return *array_of<int64_t>(); }

Matrix matrix() {
  const long kind = number(), inputs = number(), outputs = number();
  const void* data = array();
  const float* scales = array_of<float>();
  return {kind, inputs, outputs, data, scales, array_of<int32_t>()};
}

Norm norm() {
  const float* weight = array_of<float>();
  return {weight, array_of<float>()};
}

Layer layer() {
  const Norm norms[] = {norm(), norm(), norm()};
  const Matrix matrices[] = {matrix(), matrix(), matrix(), matrix(), matrix(), matrix()};
  return {norms[0],    norms[1],    norms[2],    matrices[0], matrices[1],
          matrices[2], matrices[3], matrices[4], matrices[5]};
}

KVCache cache() {
  void* keys = array();
  void* values = array();
  const long heads = number(), head_dim = number(), capacity = number();
  return {keys, values, heads, head_dim, capacity, number()};
}

Rows rows() {
  const long count = number();
  const int32_t* slots = array_of<int32_t>();
  return {count, slots, array_of<int32_t>()};
}

}  // namespace

int main() {
  const long dim = number(), hidden_bytes = number();
  float* hidden = array_of<float>();
  const Layer one = layer();
  const KVCache own = cache(), cross = cache();
  const Rows all = rows(), with_prompt = rows();
  Workspace work = {array_of<float>(), array_of<float>(), array_of<uint8_t>()};
  const Entries prompts = {array_of<float>(), array_of<float>(), number(), rows()};
  sb_store(&cross, &prompts);
  const Step step = {hidden, dim, 1, &one, &own, &cross, all, with_prompt, work};
  sb_layers(&step);
  std::fwrite(hidden, 1, hidden_bytes, stdout);
}
