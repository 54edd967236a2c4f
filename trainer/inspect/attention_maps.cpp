#include "trainer/inspect/attention_maps.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/tokenizer/base64.h"
#include "models/qwen/outputs.h"

namespace genesis::trainer {
namespace {

constexpr size_t kMostTokens = 512;  // a page of 24 x 16 heads has 100 million squares then

constexpr const char* kStart =
    R"html(<!doctype html><meta charset="utf-8"><title>Attention maps</title><style>
body{font:13px sans-serif;margin:1em;background:#fff;color:#111}canvas{border:1px solid #ccc;margin:1px;image-rendering:pixelated;cursor:pointer}
.layer{white-space:nowrap}.layer b{display:inline-block;width:5em}#at{position:sticky;top:0;background:#fff;padding:.4em 0;min-height:1.4em}
</style><h1>Attention maps</h1><p>One square a head: down the token that looks, across the token it looks at, dark is 1. A click enlarges.</p>
<div id="at">&nbsp;</div><canvas id="big" width="0" height="0"></canvas><div id="maps"></div><script>const data=)html";

constexpr const char* kEnd = R"html(;
const n=data.tokens.length,at=document.getElementById('at'),big=document.getElementById('big');
function show(i,j,m){at.textContent=data.tokens[i]+' \u2192 '+data.tokens[j]+'   '+(m[i*n+j]/255).toFixed(3);}
function draw(c,m,k){c.width=c.height=n;c.style.width=c.style.height=k+'px';const x=c.getContext('2d'),p=x.createImageData(n,n);
for(let i=0;i<n*n;i++){const v=255-m[i];p.data[4*i]=v;p.data[4*i+1]=v;p.data[4*i+2]=Math.min(255,v+40);p.data[4*i+3]=255;}x.putImageData(p,0,0);
c.onmousemove=e=>{const r=c.getBoundingClientRect(),f=v=>Math.min(n-1,Math.max(0,Math.floor(v*n/r.width)));show(f(e.clientY-r.top),f(e.clientX-r.left),m);};}
data.layers.forEach((heads,l)=>{const d=document.createElement('div');d.className='layer';d.innerHTML='<b>layer '+l+'</b>';
heads.forEach((h,a)=>{const m=Uint8Array.from(atob(h),c=>c.charCodeAt(0)),c=document.createElement('canvas');c.title='layer '+l+', head '+a;
draw(c,m,96);c.onclick=()=>{draw(big,m,Math.min(900,Math.max(400,12*n)));at.textContent=c.title;window.scrollTo(0,0);};d.appendChild(c);});
document.getElementById('maps').appendChild(d);});</script>
)html";

}  // namespace

std::string attention_page(LoadedModel& model, const std::string& text, bool raw) {
  const auto ids =
      raw ? model.tokenizer.encode(text) : model.chat.prompt({{}, {{data::Role::user, text}}}).ids;
  const size_t most = std::min(kMostTokens, size_t(model.context()));
  if (ids.empty() || ids.size() > most)
    throw DataError("the text has {} tokens; maps are drawn of 1 to {}", ids.size(), most);
  const auto n = int64_t(ids.size());
  const Tensor input(Array::from(ids, {1, n}));
  const auto out = (*model.model)(input, {.return_attention = true});
  nlohmann::json page{{"tokens", nlohmann::json::array()}, {"layers", nlohmann::json::array()}};
  for (const int32_t id : ids) page["tokens"].push_back(model.tokenizer.decode(std::vector<int32_t>{id}));
  for (const Tensor& layer : out.attentions) {
    auto heads = nlohmann::json::array();
    const float* p = layer.value().data<float>();  // [1, A, n, n]
    for (int64_t a = 0; a < layer.size(1); ++a) {
      std::string pixels;
      for (int64_t i = 0; i < n * n; ++i)
        pixels += char(uint8_t(std::lround(255 * std::clamp(p[a * n * n + i], 0.0f, 1.0f))));
      heads.push_back(data::encode_base64(pixels));
    }
    page["layers"].push_back(std::move(heads));
  }
  std::string json = page.dump();
  for (size_t i = 0; (i = json.find("</", i)) != std::string::npos;)
    json.replace(i, 2, "<\\/");  // ends no script
  return kStart + json + kEnd;
}

}  // namespace genesis::trainer
