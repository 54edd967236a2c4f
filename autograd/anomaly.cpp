#include "autograd/anomaly.h"

#include <cmath>

#include "kernels/core/transfer.h"

namespace genesis {
namespace {

thread_local bool anomaly = false;

}  // namespace

detect_anomaly::detect_anomaly(bool on) : previous_(anomaly) { anomaly = on; }
detect_anomaly::~detect_anomaly() { anomaly = previous_; }

namespace autograd {

bool anomaly_enabled() { return anomaly; }

void check_finite(const Array& given, const char* operation, std::string_view what, size_t index) {
  if (!given.defined() || !is_floating(given.dtype()) || !given.is_contiguous()) return;
  const Array a = on_device(given, Device::cpu);
  dispatch_any(a.dtype(), [&](auto tag) {
    using T = decltype(tag);
    if constexpr (!std::is_integral_v<T>) {
      const T* p = a.data<T>();
      for (int64_t i = 0; i < a.numel(); ++i) {
        const double x = double(accumulate_t<T>(p[i]));
        if (!std::isfinite(x))
          throw NumericsError("{}: {} {} holds {} at element {} of shape {}", operation, what, index, x, i,
                              to_string(a.shape()));
      }
    }
  });
}

}  // namespace autograd
}  // namespace genesis
