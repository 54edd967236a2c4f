#include "data/chat/chat_template.h"

#include "kernels/core/error.h"

namespace genesis::data {

ChatTemplate chat_template(std::string_view name) {
  if (name == "qwen" || name == "qwen1") return {"qwen", "You are a helpful assistant.", true, {}};
  if (name == "qwen1.5" || name == "qwen2") return {"qwen1.5", "You are a helpful assistant.", false, {}};
  if (name == "qwen2.5")
    return {"qwen2.5", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.", false, {}};
  if (name == "qwen3") return {"qwen3", std::nullopt, false, {}};
  throw ConfigError("template '{}' is unknown; known are qwen, qwen1.5, qwen2.5, qwen3", name);
}

}  // namespace genesis::data
