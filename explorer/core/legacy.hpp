// States that a rank of an earlier run has kept, on their way to one of this run: by the earlier
// one's numbers they are written as if to another rank, and read by ours.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "parcels.hpp"

namespace explorer {

// What the model calls by a number of an earlier run, by that number; and so the names of steps.
struct Renumbering {
    std::vector<Node> nodes;
    std::vector<Message> messages;
    std::vector<History> histories;
    std::vector<std::uint32_t> names;

    // Throws std::out_of_range.
    Parcel of(Parcel parcel) const {
        for (Node& each : parcel.nodes) each = nodes.at(each);
        for (Message& each : parcel.messages) each = messages.at(each);
        for (History& each : parcel.histories) each = histories.at(each);
        return parcel;
    }
    Tally of(const Tally& tally) const {
        Tally result = tally;
        result.names.clear();
        for (std::size_t name = 0; name < tally.names.size(); ++name) {
            if (tally.names[name] == 0) continue;
            if (result.names.size() <= names.at(name)) result.names.resize(names[name] + 1);
            result.names[names[name]] += tally.names[name];
        }
        return result;
    }
};

class Legacy {
   public:
    Legacy(Space& from, Space& to, const Setting& setting, Renumbering renumbering)
        : from_(from, setting), to_(to, setting), renumbering_(std::move(renumbering)) {}

    const Renumbering& renumbering() const { return renumbering_; }

    void add(std::uint64_t key) { from_.add(key); }
    // Call visit(key) for each that was added, by the key that it has in this run; `again` is as in
    // Inbox::read.
    template <class Again, class Visit>
    void pass_on(Again again, Visit visit) {
        const Parcel parcel = renumbering_.of(from_.take({}));
        Numbers numbers(parcel.bytes);
        to_.read(parcel, numbers, again, [](std::uint64_t) {}, visit);
    }

   private:
    Outbox from_;
    Inbox to_;
    Renumbering renumbering_;
};

}  // namespace explorer
