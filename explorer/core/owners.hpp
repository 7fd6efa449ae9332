// Which rank a state belongs to: the same for whoever asks, and for all that count as one state.
//
// Numbers mean nothing to another process, so this is made of digests of what they stand for. With
// symmetry a server's state has the least digest of all its images, and so has a message; a sum of
// them does not depend on their order. The history and the order of queues are left out: a digest
// has to spread states, not to tell them apart.
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>

#include "segments.hpp"
#include "space.hpp"

namespace explorer {

class Owners {
   public:
    Owners(Model& model, Space& space, unsigned ranks)
        : model_(model), space_(space), ranks_(ranks) {}

    unsigned of(std::uint64_t key) {
        std::uint64_t sum = of_servers(space_.servers(key));
        space_.each_message(key, [&](Word number) { sum += of_message(number); });
        std::uint64_t faults = 0;
        for (std::uint32_t used : space_.faults(key)) faults = (faults << 20) + used;
        return static_cast<unsigned>(
            static_cast<unsigned __int128>(mixed(sum + mixed(faults))) * ranks_ >> 64);
    }

   private:
    using Digests = Segments<std::atomic<std::uint64_t>>;  // by number; 0: not known yet

    std::uint64_t of_servers(Word servers) {
        return known(servers_, servers, [&] {
            std::uint64_t sum = 0;
            for (Node node : space_.steps().shape(servers, {}).nodes) sum += of_node(node);
            return sum;
        });
    }
    std::uint64_t of_message(Word number) {
        return known(messages_, number, [&] {
            const Message message = space_.messages().of_model(number);
            std::uint64_t least = ~std::uint64_t{0};
            for (Message image : space_.steps().images_of_message(message))
                least = std::min(least, model_.digest_of_message(image));
            return mixed(~least);
        });
    }
    std::uint64_t of_node(Node node) {
        if (const auto found = nodes_.find(node); found != nodes_.end()) return found->second;
        std::uint64_t least = ~std::uint64_t{0};
        for (Node image : space_.steps().images_of_node(node))
            least = std::min(least, model_.digest_of_node(image));
        return nodes_[node] = mixed(least);
    }

    template <class Ask>
    std::uint64_t known(Digests& digests, Word number, Ask ask) {
        if (digests.has(number)) {
            const std::uint64_t digest = digests[number].load(std::memory_order_relaxed);
            if (digest != 0) return digest;
        }
        std::lock_guard lock(asking_);
        const std::uint64_t digest = ask() | 1;
        digests.make_room_for(number);
        digests[number].store(digest, std::memory_order_relaxed);
        return digest;
    }

    Model& model_;
    Space& space_;
    std::uint64_t ranks_;
    std::mutex asking_;
    Digests servers_, messages_;
    std::unordered_map<Node, std::uint64_t> nodes_;
};

}  // namespace explorer
