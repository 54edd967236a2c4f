#include "models/qwen/long_context.h"

namespace genesis::models {

double dynamic_ntk_alpha(int64_t n, int64_t seq_length) {
  double power = 1;  // the least power of two with n <= power * S; integers, so that no logarithm rounds
  while (double(n) > power * double(seq_length)) power *= 2;
  return power == 1 ? 1.0 : 2 * power - 1;
}

}  // namespace genesis::models
