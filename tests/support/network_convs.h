/// Every distinct convolution of the five networks at 224x224 pixels (methods and channel plans of torchvision and timm).
#pragma once
#include <string_view>

#include "engine/libraries/conv.h"

namespace cudenza::testing {

struct NetworkConv {
  std::string_view network;  ///< the first that has it
  int64_t size;              ///< height and width of the input
  int64_t in_channels, out_channels, kernel, stride, pad;

  ConvShape shape(DType dtype, int64_t batch) const {
    return {.dtype = dtype,
            .batch = batch,
            .height = size,
            .width = size,
            .in_channels = in_channels,
            .out_channels = out_channels,
            .kernel_h = kernel,
            .kernel_w = kernel,
            .stride = stride,
            .pad = pad};
  }
};

inline constexpr NetworkConv kNetworkConvs[] = {
    {"AlexNet", 224, 3, 64, 11, 4, 2},       {"AlexNet", 27, 64, 192, 5, 1, 2},       {"AlexNet", 13, 192, 384, 3, 1, 1},
    {"AlexNet", 13, 384, 256, 3, 1, 1},      {"AlexNet", 13, 256, 256, 3, 1, 1},      {"VGG16", 224, 3, 64, 3, 1, 1},
    {"VGG16", 224, 64, 64, 3, 1, 1},         {"VGG16", 112, 64, 128, 3, 1, 1},        {"VGG16", 112, 128, 128, 3, 1, 1},
    {"VGG16", 56, 128, 256, 3, 1, 1},        {"VGG16", 56, 256, 256, 3, 1, 1},        {"VGG16", 28, 256, 512, 3, 1, 1},
    {"VGG16", 28, 512, 512, 3, 1, 1},        {"VGG16", 14, 512, 512, 3, 1, 1},        {"ResNet34", 224, 3, 64, 7, 2, 3},
    {"ResNet34", 56, 64, 64, 3, 1, 1},       {"ResNet34", 56, 64, 128, 3, 2, 1},      {"ResNet34", 56, 64, 128, 1, 2, 0},
    {"ResNet34", 28, 128, 128, 3, 1, 1},     {"ResNet34", 28, 128, 256, 3, 2, 1},     {"ResNet34", 28, 128, 256, 1, 2, 0},
    {"ResNet34", 14, 256, 256, 3, 1, 1},     {"ResNet34", 14, 256, 512, 3, 2, 1},     {"ResNet34", 14, 256, 512, 1, 2, 0},
    {"ResNet34", 7, 512, 512, 3, 1, 1},      {"ResNet50", 56, 64, 64, 1, 1, 0},       {"ResNet50", 56, 64, 256, 1, 1, 0},
    {"ResNet50", 56, 256, 64, 1, 1, 0},      {"ResNet50", 56, 256, 128, 1, 1, 0},     {"ResNet50", 56, 128, 128, 3, 2, 1},
    {"ResNet50", 56, 256, 512, 1, 2, 0},     {"ResNet50", 28, 128, 512, 1, 1, 0},     {"ResNet50", 28, 512, 128, 1, 1, 0},
    {"ResNet50", 28, 512, 256, 1, 1, 0},     {"ResNet50", 28, 256, 256, 3, 2, 1},     {"ResNet50", 28, 512, 1024, 1, 2, 0},
    {"ResNet50", 14, 256, 1024, 1, 1, 0},    {"ResNet50", 14, 1024, 256, 1, 1, 0},    {"ResNet50", 14, 1024, 512, 1, 1, 0},
    {"ResNet50", 14, 512, 512, 3, 2, 1},     {"ResNet50", 14, 1024, 2048, 1, 2, 0},   {"ResNet50", 7, 512, 2048, 1, 1, 0},
    {"ResNet50", 7, 2048, 512, 1, 1, 0},     {"ResNet-RS50", 224, 3, 32, 3, 2, 1},    {"ResNet-RS50", 112, 32, 32, 3, 1, 1},
    {"ResNet-RS50", 112, 32, 64, 3, 1, 1},   {"ResNet-RS50", 112, 64, 64, 3, 2, 1},   {"ResNet-RS50", 28, 256, 512, 1, 1, 0},
    {"ResNet-RS50", 14, 512, 1024, 1, 1, 0}, {"ResNet-RS50", 7, 1024, 2048, 1, 1, 0},
};

}  // namespace cudenza::testing
