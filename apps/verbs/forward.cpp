/// cudenza forward: pictures in an HDF5 file to logits in another, for holding a network against another framework's.
#include "apps/study/forward.h"

#include <nlohmann/json.hpp>

#include "apps/cli/output.h"
#include "apps/cli/terminal.h"
#include "apps/verbs/network_options.h"
#include "apps/verbs/verbs.h"

namespace cudenza {
namespace {

void run_forward(const ForwardChoice& o, const Common& common) {
  Terminal terminal(common.quiet);
  const auto [device, dtype, pictures, seconds] = write_logits(o, common, terminal);
  const double images_per_s = static_cast<double>(pictures) / seconds;
  if (common.json) {
    const nlohmann::ordered_json result{{"arch", o.network.arch},      {"device", device.name()}, {"precision", name_of(dtype)},
                                        {"folded", o.folded},          {"pictures", pictures},    {"seconds", seconds},
                                        {"images_per_s", images_per_s}};
    return print_json(result);
  }
  terminal.say(fmt::format("{}{} on {} in {}: {} pictures in {:.2f} s, {:.1f} a second", o.network.arch,
                           o.folded ? ", folded," : "", device, dtype, pictures, seconds, images_per_s));
}

}  // namespace

void add_forward(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("forward", "Pictures in an HDF5 file to a network's logits in another");
  const auto o = std::make_shared<ForwardChoice>();
  add_network_options(*verb, o->network, "--arch")->required();
  verb->get_option("--classes")->description("number of classes; as many as the weights have, if not given")->default_str("");
  verb->add_option("--weights", o->weights, "the network's weights: an HDF5 file, .pth, .safetensors, .onnx or Keras's .h5")
      ->required();
  verb->add_option("--input", o->input, "HDF5 file with pictures: /x, f32 [N,3,H,W] or [N,1,H,W]")->required();
  verb->add_option("--output", o->output, "HDF5 file to write: /logits, f32 [N,classes]")->required();
  CLI::Option* folded = verb->add_flag("--folded", o->folded, "fold batch norms into the convolutions before them");
  CLI::Option* batch_size = verb->add_option("--batch-size", o->batch_size, "pictures at a time");
  batch_size->check(CLI::Range(1, 65536))->capture_default_str();
  verb->add_flag("--gradients", o->gradients,
                 "a training step's passes, without dropout: all pictures as one batch, and the gradients of sum(logits * dy) "
                 "by every parameter to /gradients/NAME; the input file holds /dy, f32 [N,classes]")
      ->excludes(folded)
      ->excludes(batch_size);
  verb->footer("Computes in fp32 unless --precision says otherwise.");
  verb->callback([&common, verb, o] {
    o->classes_given = verb->count("--classes") > 0;
    run_forward(*o, common);
  });
}

}  // namespace cudenza
