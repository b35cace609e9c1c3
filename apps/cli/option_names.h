/// The library's messages in the words of the command line.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace cudenza {

/// The library names the fields of its options, in backticks: "`batch_size` is 0". Here each becomes the option that sets it:
/// "--batch-size is 0". What stands in backticks and is no such field stays as it is.
std::string with_option_names(std::string_view message);
std::vector<std::string> with_option_names(std::vector<std::string> messages);

}  // namespace cudenza
