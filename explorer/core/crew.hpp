// How many threads are of use, and when it is time to tell how far they are.
#pragma once

#include <chrono>
#include <cstdint>

namespace explorer {

// Questions to the model are answered one at a time, and each takes as long as a hundred states or
// so: while there are many of them, a second thread would do nothing but wait.
class Asking {
   public:
    bool is_much() const { return is_much_; }
    unsigned useful_threads(std::uint64_t states, unsigned threads) const {
        return states < few_states || is_much_ ? 1 : threads;
    }
    void note(std::uint64_t questions, std::uint64_t states) {
        is_much_ = questions * states_for_one > states;
    }

   private:
    static constexpr std::uint64_t few_states = 256, states_for_one = 64;
    bool is_much_ = true;
};

// Comes several times a second, to whoever asks often enough.
class Pulse {
   public:
    bool is_due() {
        const auto now = std::chrono::steady_clock::now();
        if (now - last_ < std::chrono::milliseconds(80)) return false;
        last_ = now;
        return true;
    }

   private:
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace explorer
