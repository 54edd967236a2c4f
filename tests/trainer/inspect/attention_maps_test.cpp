#include "trainer/inspect/attention_maps.h"

#include <gtest/gtest.h>

#include "tests/support/bigram_model.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::trainer {
namespace {

TEST(AttentionMaps, APageOfEveryHead) {
  const testing::TempFolder folder;
  LoadedModel model = open_model({testing::write_bigram_model(folder / "m"), {}, {}, {}});
  const std::string page = attention_page(model, "What? </script>", true);
  EXPECT_NE(page.find("\"layers\":[["), std::string::npos);
  EXPECT_EQ(page.find("</script>"), page.rfind("</script>"));  // the text of the prompt ends no script
  EXPECT_NE(attention_page(model, "What?", false).find("<|im_start|>"), std::string::npos);
  EXPECT_NE(testing::message_of<DataError>([&] { attention_page(model, "", true); }).find("0 tokens"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::trainer
