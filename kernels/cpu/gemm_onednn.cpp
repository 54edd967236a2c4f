// f32 and bf16 products through oneDNN's matmul primitive.
//
// A primitive is compiled for its shapes and strides in 0.15 - 0.6 ms, so each thread keeps those it has
// made; a call then costs one hash look-up. Plain strides reach 90 - 97 % of the packed rate on the training
// shapes in f32.
#include <array>
#include <dnnl.hpp>
#include <unordered_map>

#include "kernels/core/check.h"
#include "kernels/core/parallel_for.h"
#include "kernels/cpu/gemm.h"

namespace genesis::kernels::cpu {
namespace {

using Dims = dnnl::memory::dims;
using Key = std::array<int64_t, 16>;

constexpr size_t kMaxPrimitives = 1024;  // variable sequence lengths make new shapes without end

struct KeyHash {
  size_t operator()(const Key& key) const {
    uint64_t h = 0x9E3779B97F4A7C15u;
    for (int64_t v : key) h = (h ^ uint64_t(v)) * 0xBF58476D1CE4E5B9u, h ^= h >> 29;
    return size_t(h);
  }
};

dnnl::engine& engine() {
  static auto* instance = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *instance;
}

dnnl::stream& stream() {
  static thread_local dnnl::stream instance(engine());
  return instance;
}

dnnl::memory::data_type type_of(DType t) {
  return t == DType::bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

/// oneDNN wants a leading stride of at least the row's length, also where it is never stepped over.
GemmOperand normalised(GemmOperand o, int64_t rows, int64_t cols, int64_t batches) {
  const bool transposed = o.col != 1 && cols > 1;
  GENESIS_CHECK(!transposed || o.row == 1 || rows == 1, "gemm: an operand has strides ", o.row, " and ",
                o.col, "; one of them must be 1");
  if (transposed) {
    o.row = 1;
    GENESIS_CHECK(o.col >= rows, "gemm: columns of ", rows, " elements repeat or overlap at stride ", o.col);
  } else {
    o.col = 1;
    if (rows == 1) o.row = cols;
    GENESIS_CHECK(o.row >= cols, "gemm: rows of ", cols, " elements repeat or overlap at stride ", o.row);
  }
  if (batches == 1) o.batch = std::max(o.row * rows, o.col * cols);
  return o;
}

struct Primitive {
  dnnl::matmul matmul;
  dnnl::memory::desc plain_b;  // B as it lies
  dnnl::memory a, b, c, bias;
  std::unordered_map<int, dnnl::memory> arguments;
};

Primitive make(const Gemm& g, const GemmOperand& a, const GemmOperand& b, bool packed) {
  const auto in = type_of(g.in), out = type_of(g.out);
  const bool batched = g.batches > 1;
  auto desc = [&](int64_t rows, int64_t cols, const GemmOperand& o, dnnl::memory::data_type type) {
    if (!batched) return dnnl::memory::desc(Dims{rows, cols}, type, Dims{o.row, o.col});
    if (o.batch == 0)
      return dnnl::memory::desc(Dims{1, rows, cols}, type,
                                Dims{std::max(o.row * rows, o.col * cols), o.row, o.col});
    return dnnl::memory::desc(Dims{g.batches, rows, cols}, type, Dims{o.batch, o.row, o.col});
  };
  const auto a_desc = desc(g.m, g.k, a, in), b_desc = desc(g.k, g.n, b, in);
  const auto c_desc = desc(g.m, g.n, {nullptr, g.c_row, 1, g.c_batch}, out);
  dnnl::primitive_attr attributes;
  if (g.accumulate) {
    dnnl::post_ops ops;
    ops.append_sum(1.0f);
    attributes.set_post_ops(ops);
  }
  Primitive p;
  dnnl::memory::desc bias_desc;
  if (g.bias) {
    bias_desc = batched ? dnnl::memory::desc(Dims{1, 1, g.n}, type_of(g.bias_dtype), Dims{g.n, g.n, 1})
                        : dnnl::memory::desc(Dims{1, g.n}, type_of(g.bias_dtype), Dims{g.n, 1});
  }
  p.plain_b = b_desc;
  const auto asked_b =
      packed ? dnnl::memory::desc(Dims{g.k, g.n}, in, dnnl::memory::format_tag::any) : b_desc;
  const auto op = g.bias ? dnnl::matmul::desc(a_desc, asked_b, bias_desc, c_desc)
                         : dnnl::matmul::desc(a_desc, asked_b, c_desc);
  const dnnl::matmul::primitive_desc description(op, attributes, engine());
  p.matmul = dnnl::matmul(description);
  p.a = dnnl::memory(a_desc, engine(), nullptr);
  p.b = dnnl::memory(description.weights_desc(), engine(), nullptr);
  p.c = dnnl::memory(c_desc, engine(), nullptr);
  p.arguments = {{DNNL_ARG_SRC, p.a}, {DNNL_ARG_WEIGHTS, p.b}, {DNNL_ARG_DST, p.c}};
  if (g.bias) {
    p.bias = dnnl::memory(bias_desc, engine(), nullptr);
    p.arguments.emplace(DNNL_ARG_BIAS, p.bias);
  }
  return p;
}

/// Finds or makes the primitive of a call and runs it; `b_data` gives the bytes of B for it.
template <class BData>
void execute(const Gemm& g, bool packed, BData&& b_data) {
  const GemmOperand a = normalised(g.a, g.m, g.k, g.batches), b = normalised(g.b, g.k, g.n, g.batches);
  Gemm call = g;
  if (g.m == 1) call.c_row = g.n;
  if (g.batches == 1) call.c_batch = 0;
  GENESIS_CHECK(call.c_row >= g.n, "gemm: rows of ", g.n, " results overlap at stride ", call.c_row);
  const Key key{g.m,
                g.n,
                g.k,
                g.batches,
                a.row,
                a.col,
                a.batch,
                b.row,
                b.col,
                b.batch,
                call.c_row,
                call.c_batch,
                int64_t(g.in),
                int64_t(g.out) * 2 + packed,
                (g.bias ? 1 + int64_t(g.bias_dtype) : 0) * 2 + g.accumulate,
                int64_t(thread_count()) * 2 + omp_in_parallel()};
  static thread_local std::unordered_map<Key, Primitive, KeyHash> made;
  auto found = made.find(key);
  try {
    if (found == made.end()) {
      if (made.size() >= kMaxPrimitives) made.clear();
      found = made.emplace(key, make(call, a, b, packed)).first;
    }
    Primitive& p = found->second;
    p.a.set_data_handle(const_cast<void*>(a.data), stream());
    p.b.set_data_handle(b_data(p), stream());
    p.c.set_data_handle(g.c, stream());
    if (g.bias) p.bias.set_data_handle(const_cast<void*>(g.bias), stream());
    p.matmul.execute(stream(), p.arguments);
    stream().wait();
  } catch (const dnnl::error& e) {
    GENESIS_CHECK(false, "oneDNN matmul [", g.m, ", ", g.k, "] x [", g.k, ", ", g.n, "] ", name_of(g.in),
                  " -> ", name_of(g.out), ": ", e.what());
  }
}

/// B in the layout a primitive asked for.
struct PackedOperand {
  dnnl::memory::desc layout;
  Array bytes;  // u8 [layout.get_size()]

  void pack(const Primitive& p, const void* plain) {
    layout = p.b.get_desc();
    MemoryScope scope(MemoryCategory::workspace);
    bytes = Array::empty({int64_t(layout.get_size())}, DType::u8);
    dnnl::memory from(p.plain_b, engine(), const_cast<void*>(plain)), to(layout, engine(), bytes.raw());
    dnnl::reorder(from, to).execute(stream(), from, to);
    stream().wait();
  }
};

}  // namespace

void gemm_onednn(const Gemm& g) {
  execute(g, false, [&](const Primitive&) { return const_cast<void*>(g.b.data); });
}

void gemm_packed(const Gemm& g, const Array& owner) {
  GENESIS_CHECK(g.batches == 1, "gemm_packed: one matrix at a time, not ", g.batches);
  if (g.m == 0 || g.n == 0 || g.k == 0) return gemm(g);
  std::string name = "gemm.packed";
  for (int64_t part : {owner.storage_offset(), g.k, g.n, g.b.row, g.b.col})
    name += ' ' + std::to_string(part);
  execute(g, true, [&](const Primitive& p) {
    const auto packed = owner.storage().derived<PackedOperand>(name, [&] {
      auto fresh = std::make_shared<PackedOperand>();
      fresh->pack(p, g.b.data);
      return fresh;
    });
    if (packed->layout != p.b.get_desc())
      packed->pack(p, g.b.data);  // another number of rows may ask for another
    return packed->bytes.raw();
  });
}

}  // namespace genesis::kernels::cpu
