// The messages that were ever sent, by numbers of the engine's own, which are as small as can be.
#pragma once

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

#include "interner.hpp"
#include "model.hpp"
#include "segments.hpp"
#include "symmetry.hpp"

namespace explorer {

// The numbers of servers, messages, networks or faults do not fit into the bits that a key has for
// them.
struct Overflow : std::runtime_error {
    Overflow() : std::runtime_error("more numbers than the layout has bits for") {}
};

// What is known is read without a lock; the model is asked under `asking`.
class Messages {
   public:
    Messages(Model& model, Symmetry& symmetry, std::mutex& asking, std::size_t servers)
        : model_(model), symmetry_(symmetry), asking_(asking), servers_(servers),
          renamings_(symmetry.group().size()) {}

    // The number of a message of the model; `asking` is held. Throws Overflow.
    Word learn(Message message) {
        auto [found, is_new] = numbers_.try_emplace(message, static_cast<Word>(size()));
        if (is_new) {
            const std::size_t number = found->second;
            try {
                const auto [source, dest] = model_.channel(message);
                told_.make_room_for(number);
                for (std::size_t at = number * renamings_; at < (number + 1) * renamings_;
                     at += renamed_.in_a_row(at))
                    renamed_.make_room_for(at);
                told_[number] = {message, static_cast<Word>(source * servers_ + dest), dest};
            } catch (...) {
                numbers_.erase(found);
                throw;
            }
            size_.store(number + 1, std::memory_order_release);
        }
        if (found->second >= limit_) throw Overflow();
        return found->second;
    }

    // All numbers are less than this one; 0 is no message.
    std::size_t size() const { return size_.load(std::memory_order_acquire); }
    void set_limit(std::size_t limit) { limit_ = limit; }

    Message of_model(Word number) const { return told_[number].message; }
    Word channel(Word number) const { return told_[number].channel; }
    std::uint8_t receiver(Word number) const { return told_[number].receiver; }

    // `asking` is not held. Throws Overflow.
    Word renamed(std::size_t renaming, Word number) {
        if (renaming == 0) return number;
        const Word known =
            renamed_[number * renamings_ + renaming].load(std::memory_order_acquire);
        return known != 0 && known < limit_ ? known : rename(renaming, number);
    }

   private:
    struct Told {
        Message message;
        Word channel;
        std::uint8_t receiver;
    };

    Word rename(std::size_t renaming, Word number) {
        std::lock_guard lock(asking_);
        const Word renamed = learn(symmetry_.renamed_message(renaming, told_[number].message));
        renamed_[number * renamings_ + renaming].store(renamed, std::memory_order_release);
        return renamed;
    }

    Model& model_;
    Symmetry& symmetry_;
    std::mutex& asking_;
    std::size_t servers_, renamings_;
    std::size_t limit_ = ~std::size_t{0};
    std::atomic<std::size_t> size_{1};
    std::unordered_map<Message, Word> numbers_;
    Segments<Told> told_;
    Segments<std::atomic<Word>> renamed_;  // by message and renaming; 0: not asked yet
};

}  // namespace explorer
