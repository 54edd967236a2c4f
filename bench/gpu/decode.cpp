#include "bench/gpu/decode.h"

#include "bench/gpu/checks.h"
#include "models/generation/generate.h"

namespace genesis::bench {

void measure_decode(Report& report, const std::string& shape, const Wanted& wanted, bool quick) {
  const models::QwenConfig config = shape_of(quick ? "quick" : shape);
  const DeviceScope place(Device::cuda);
  models::QwenModel model(config, DType::bf16, 1);
  models::GenerationConfig greedy;
  greedy.do_sample = false;
  greedy.stop_ids = {};
  greedy.max_new_tokens = quick ? 4 : 128;
  const std::vector<std::vector<int32_t>> prompt = {{1, 2, 3, 4, 5, 6, 7, 8}};
  (void)models::generate(model, prompt, greedy);
  const double begin = now();
  (void)models::generate(model, prompt, greedy);
  report.add(fmt::format("decode {} batch 1 bf16", shape), double(greedy.max_new_tokens) / (now() - begin),
             "tokens/s", wanted);
}

}  // namespace genesis::bench
