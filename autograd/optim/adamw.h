#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "autograd/tensor.h"
#include "kernels/adamw.h"

namespace genesis::cuda {
class HostWindow;
}

namespace genesis::optim {

enum class DecayOn { matrices, all };

/// How the f32 master of a weight that is kept in bf16 is kept: whole, or as what the weight lacks of it
/// (kernels/split_master.h). The same updates, bit for bit.
enum class MasterForm : uint8_t { f32, split };

struct AdamWOptions {
  double lr = 1e-3;
  double weight_decay = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  DecayOn decay_on =
      DecayOn::matrices;       ///< matrices: tensors of two dimensions; norm gains and biases do not decay
  uint64_t rounding_seed = 0;  ///< of the stochastic rounding of bf16 parameters
  MasterForm masters = MasterForm::f32;
  /// Moments and masters of parameters on a card live in the host's memory and pass by in groups
  /// (kernels/core/cuda/host_window.h): a step costs their way over the bus and back. The same bits. Nothing
  /// on the CPU.
  bool offload = false;
};

/// Elements [begin, end) of a parameter, in row-major order, and what AdamW keeps for them.
///   An optimizer that keeps everything has one piece a parameter; one that shares the state with other ranks
///   has pieces of some parameters (parallel/zero/sharded_optimizer.h). A parameter's whole state is what the
///   pieces of all ranks tile.
struct AdamWPiece {
  size_t parameter = 0;  ///< index in parameters()
  int64_t begin = 0, end = 0;
  /// [end - begin] What is updated: the parameter's own elements (a view of its value), or, where the
  /// parameter is kept in a narrower type, their masters.
  Array weight;
  /// [end - begin, 2] Of split masters: what `weight`, the parameter's own elements, lacks of them; with ties
  /// in the sign of v.
  Array remainder;
  Array m, v;           ///< [end - begin] first and second moment, in the dtype the parameter came in
  bool master = false;  ///< weight is not the parameter's own memory

  int64_t count() const { return end - begin; }
  bool is_split() const { return remainder.defined(); }
  kernels::SplitArrays split() const { return {weight, remainder, v}; }
  /// Elements [first, last) of the piece. Views.
  AdamWPiece part(int64_t first, int64_t last) const;
};

/// AdamW with decoupled weight decay over all parameters in one pass (kernels/adamw.h has the formula).
///   Moments are zero at first. A parameter without a gradient is left alone.
/// Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.
class AdamW {
 public:
  /// Every parameter whole; moments in the parameter's dtype.
  explicit AdamW(std::vector<Tensor> parameters, AdamWOptions options = {});
  /// Only the given pieces, by their ranges: weight, m and v are made here.
  /// Errors: genesis::Error for a range outside its parameter.
  AdamW(std::vector<Tensor> parameters, AdamWOptions options, std::vector<AdamWPiece> pieces);

  /// One update with lr() from the gradients times grad_scale (clip coefficient, unscaling), and times what
  /// `decision` holds, where that is defined (kernels::AdamW::decision): it may also leave the update out.
  void step(double grad_scale = 1.0, const Array& decision = {});
  void zero_grad();

  /// The same in parts: begin_step(), then update() of ranges of pieces() until all had their turn.
  void begin_step() { ++steps_; }
  void update(size_t first_piece, size_t last_piece, double grad_scale, const Array& decision = {});

  /// Moves a parameter's value to `home`, memory of its shape. Where home is bf16 and the value f32, it is
  /// rounded to nearest, and masters are kept from then on as the options say. Views of the old value go
  /// stale.
  void move_value(size_t parameter, const Array& home);
  /// Whether any parameter has masters, in the pieces of this object or of others.
  bool keeps_masters() const { return keeps_masters_; }

  double lr() const { return options_.lr; }
  void set_lr(double lr) { options_.lr = lr; }
  const AdamWOptions& options() const { return options_; }
  const std::vector<Tensor>& parameters() const { return parameters_; }

  /// Updates made so far; the next one is number steps() + 1 in the bias correction.
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }

  /// The state, to be saved and restored in place. Whoever writes to a whole master calls publish()
  /// afterwards.
  const std::vector<AdamWPiece>& pieces() const;
  /// Whether this object holds the state of every element (pieces()[i] is parameters()[i], whole).
  bool is_whole() const { return whole_; }
  /// Rounds whole masters to the parameters' own elements; nothing where there are none.
  void publish();

  /// Moments of parameters()[i] in its shape, the second with the signs of split masters.
  /// Errors: genesis::Error unless is_whole().
  Array first_moment(size_t i) const;
  Array second_moment(size_t i) const;

 private:
  void make_moments();
  void make_master(AdamWPiece& piece, const Array& values);
  Array state_array(Shape shape, DType dtype, Device device) const;
  kernels::AdamWTensor tensor_of(const AdamWPiece& part) const;
  void publish(const AdamWPiece& part) const;
  using Work = std::function<void(const AdamWPiece& part)>;
  void pass_by(const std::vector<AdamWPiece>& pieces, const Work& work) const;

  std::vector<Tensor> parameters_;
  std::vector<bool> decays_;  // [parameters]
  AdamWOptions options_;
  std::vector<AdamWPiece> pieces_;
  std::shared_ptr<cuda::HostWindow> window_;  // null unless the state is offloaded
  bool keeps_masters_ = false;
  bool whole_ = false;
  int64_t steps_ = 0;
};

}  // namespace genesis::optim
