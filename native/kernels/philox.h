// The constants of Philox4x32-10 (random.h), for code that computes it in vectors.
#pragma once

#include <stdint.h>

namespace pope {

constexpr uint32_t kPhiloxFirst = 0xD2511F53, kPhiloxSecond = 0xCD9E8D57;      // multipliers
constexpr uint32_t kPhiloxLowStep = 0x9E3779B9, kPhiloxHighStep = 0xBB67AE85;  // of the key, from round to round
constexpr int kPhiloxRounds = 10;

}  // namespace pope
