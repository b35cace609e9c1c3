/// Files as torch.save makes them of a training's state, of a network's true size.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace cudenza::testing {

using Renaming = std::function<std::string(const std::string&)>;

/// Names with this before them.
Renaming prefixed(const std::string& prefix);

/// The pickle of a ResNet34's state dict, its names changed by `renamed` (an empty name leaves the tensor out). All tensors stand
/// on one storage of kStorageNumbers numbers, called `storage`.
std::string pickled_resnet34(const Renaming& renamed, const std::string& storage = "0");
constexpr int64_t kStorageNumbers = int64_t{512} * 512 * 3 * 3;  // its largest tensor's

/// The pickle of a dict, of names and pickled values.
std::string pickled_dict(const std::vector<std::pair<std::string, std::string>>& entries);

/// A file of the object, in the container of today or (`stream`) that of PyTorch before 1.6. Storage "0" is full of ones, and "1"
/// of twos.
void write_checkpoint(const std::filesystem::path&, const std::string& object, bool stream = false);

}  // namespace cudenza::testing
