// Random walks: see explorer/walks/, where the plain walker says what a walk is.
//
// Far out nearly all states of the system are new, and many of a server's are not. So what is known
// is known of single servers: what each offers, and what each step that was drawn did. A walk keeps
// the system's state as it is, what is in flight in the order of its sending, and looks all else up.
//
// One thread walks; what is asked is asked of the model once. Nothing that is drawn depends on what
// is known already.
#pragma once

#include <deque>
#include <optional>
#include <unordered_map>

#include "interner.hpp"
#include "model.hpp"
#include "swarm.hpp"
#include "walk_verdicts.hpp"

namespace explorer {

// What walks ask of the system, besides.
class Offering {
   public:
    virtual ~Offering() = default;

    // For each action that a server may try, the hash of its name.
    virtual std::vector<std::uint64_t> offered(Node) = 0;
    // What one of them does; nothing if it is not enabled after all.
    virtual std::optional<LocalStep> act(Node, std::uint32_t number) = 0;
    // Numbers by which states are counted.
    virtual std::uint64_t hash_of_node(Node) = 0;
    virtual std::uint64_t hash_of_message(Message) = 0;
    virtual std::uint64_t hash_of_history(History) = 0;
};

struct WalkSetting {
    std::uint32_t servers;
    bool is_fifo;
    std::uint64_t max_messages;
    Faults max_faults;
    std::size_t own_bounds;  // the bounds on a server's own state
    SwarmTable swarm;
};

// What one walk did. Cuts are those of the bounds on a server's own state, then of messages,
// restarts, drops and duplicates.
struct Walked {
    std::uint64_t steps = 0;
    bool is_violated = false;
    std::vector<std::uint64_t> names, cut, hashes;
};

class Walks {
   public:
    Walks(Model& model, Offering& offering, std::vector<Property> properties, WalkSetting setting)
        : model_(model),
          offering_(offering),
          setting_(std::move(setting)),
          verdicts_(model, std::move(properties), setting_.servers, setting_.is_fifo) {}

    // The walk of a seed, from a state in which nothing is in flight.
    Walked walk(std::uint64_t seed, std::uint64_t steps, const std::vector<Node>& nodes,
                History history) {
        Swarm swarm(setting_.swarm, seed);
        state_ = {nodes, history, {}, {}};
        walked_ = Walked{};
        walked_.cut.resize(setting_.own_bounds + 4);
        verdicts_.begin();
        walked_.hashes.push_back(hash());
        walked_.is_violated = is_bad_state();
        while (!walked_.is_violated && walked_.steps < steps && step(swarm)) {
            ++walked_.steps;
            walked_.hashes.push_back(hash());
        }
        return std::move(walked_);
    }

    // Which of the properties that must be reached were, by all walks so far.
    const std::vector<bool>& reached() const { return verdicts_.reached(); }

   private:
    struct Local {
        bool is_enabled = true;
        LocalStep step;
        // Of the step once and of its receipt again: whether it was asked about, and is bad.
        bool is_asked[2]{}, is_bad[2]{};
    };
    struct OfNode {
        bool is_known = false;
        std::vector<std::uint64_t> offered;
        std::vector<Local*> acts;
        Local* restart = nullptr;
    };
    struct Kind {
        Way way;
        std::uint64_t name;  // of an action
    };
    // A step that may be tried: `number` says which action, or where in flight the message is.
    struct Offer {
        std::uint8_t position;
        std::uint32_t number;
    };

    // ---- Drawing

    // Take a step; false if none is enabled.
    bool step(Swarm& swarm) {
        list_kinds(swarm);
        while (!kinds_.empty()) {
            const std::size_t kind = swarm.pick(kind_weights_);
            list_offers(swarm, kinds_[kind]);
            while (!offers_.empty()) {
                const std::size_t at = swarm.pick(weights_);
                if (take(kinds_[kind], offers_[at])) return true;
                offers_.erase(offers_.begin() + at);
                weights_.erase(weights_.begin() + at);
            }
            kinds_.erase(kinds_.begin() + kind);
            kind_weights_.erase(kind_weights_.begin() + kind);
        }
        return false;
    }

    void list_kinds(const Swarm& swarm) {
        kinds_.clear();
        kind_weights_.clear();
        for (Node node : state_.nodes)
            for (std::uint64_t name : offered(node).offered) {
                const auto is_it = [&](const Kind& kind) { return kind.name == name; };
                if (std::any_of(kinds_.begin(), kinds_.end(), is_it)) continue;
                kinds_.push_back({Way::action, name});
                kind_weights_.push_back(swarm.of_action(name));
            }
        for (Way way : {Way::restart, Way::receive, Way::receive_again, Way::drop}) {
            if (way != Way::restart && state_.messages.empty()) break;
            kinds_.push_back({way, 0});
            kind_weights_.push_back(swarm.of_way(way));
        }
        if (!setting_.is_fifo) return;
        deliverable_.clear();
        channels_met_.assign(setting_.servers * setting_.servers, false);
        for (std::uint32_t place = 0; place < state_.messages.size(); ++place) {
            const auto [source, dest] = channel(state_.messages[place]);
            auto met = channels_met_[source * setting_.servers + dest];
            if (!met) deliverable_.push_back(place);
            met = true;
        }
    }

    void list_offers(Swarm& swarm, const Kind& kind) {
        offers_.clear();
        weights_.clear();
        const auto servers = static_cast<std::uint8_t>(setting_.servers);
        const auto add = [&](std::uint8_t position, std::uint32_t number, std::uint64_t weight) {
            offers_.push_back({position, number});
            weights_.push_back(weight);
        };
        if (kind.way == Way::action) {
            for (std::uint8_t position = 0; position < servers; ++position) {
                const auto& names = offered(state_.nodes[position]).offered;
                for (std::uint32_t number = 0; number < names.size(); ++number)
                    if (names[number] == kind.name)
                        add(position, number, swarm.of_server(position));
            }
        } else if (kind.way == Way::restart) {
            for (std::uint8_t position = 0; position < servers; ++position)
                add(position, 0, swarm.of_server(position));
        } else {
            const std::size_t size = setting_.is_fifo ? deliverable_.size() : state_.messages.size();
            for (std::uint32_t at = 0; at < size; ++at) {
                const std::uint32_t place = setting_.is_fifo ? deliverable_[at] : at;
                const std::uint8_t dest = channel(state_.messages[place])[1];
                const std::uint64_t weight = swarm.of_message(size - 1 - at);
                const bool is_lost = kind.way == Way::drop;
                add(dest, place, is_lost ? weight : weight * swarm.of_server(dest));
            }
        }
    }

    // ---- Steps

    // Take one of the steps; false if it is not enabled.
    bool take(const Kind& kind, const Offer& offer) {
        std::uint64_t* cut = walked_.cut.data() + setting_.own_bounds;
        const int fault = kind.way == Way::restart         ? 0
                          : kind.way == Way::drop          ? 1
                          : kind.way == Way::receive_again ? 2
                                                           : -1;
        if (fault >= 0 && state_.faults[fault] >= setting_.max_faults[fault])
            return ++cut[1 + fault], false;
        if (kind.way == Way::drop) {
            before_ = state_;
            ++state_.faults[1];
            state_.messages.erase(state_.messages.begin() + offer.number);
            count(0, kind.way);
            walked_.is_violated = is_bad_step() || is_bad_state();
            return true;
        }
        Local& local = local_step(kind.way, offer);
        if (!local.is_enabled) return false;
        for (std::uint8_t bound : local.step.exceeded) ++walked_.cut[bound];
        if (!local.step.exceeded.empty()) return false;
        before_ = state_;
        if (observed(state_.history, state_.nodes[offer.position], local.step.after) == no_history)
            return false;
        if (!move(kind.way, offer, local.step)) {
            std::swap(state_, before_);
            return ++cut[0], false;
        }
        if (fault >= 0) ++state_.faults[fault];
        const bool again = kind.way == Way::receive_again;
        count(again ? local.step.names_again : local.step.names, kind.way);
        const bool is_bad = is_bad_locally(kind.way, offer, local);
        walked_.is_violated = is_bad_step() | is_bad || is_bad_state();
        return true;
    }

    // What a server's step does to the system; false if there are too many messages then.
    bool move(Way way, const Offer& offer, const LocalStep& step) {
        std::vector<Message>& messages = state_.messages;
        if (way == Way::receive) messages.erase(messages.begin() + offer.number);
        for (Message message : step.sends)
            if (setting_.is_fifo ||
                std::find(messages.begin(), messages.end(), message) == messages.end())
                messages.push_back(message);
        if (messages.size() > setting_.max_messages) return false;
        Node& node = state_.nodes[offer.position];
        state_.history = observed(state_.history, node, step.after);
        node = step.after;
        return true;
    }

    void count(std::uint32_t names, Way way) {
        // The first is that of a lost message.
        const std::size_t number = way == Way::drop ? 0 : names + 1;
        if (number >= walked_.names.size()) walked_.names.resize(number + 1);
        ++walked_.names[number];
    }

    OfNode& offered(Node node) {
        if (node >= nodes_.size()) nodes_.resize(node + 1);
        OfNode& found = nodes_[node];
        if (!found.is_known) {
            found.offered = offering_.offered(node);
            found.acts.resize(found.offered.size());
            found.is_known = true;
        }
        return found;
    }

    Local& local_step(Way way, const Offer& offer) {
        const Node node = state_.nodes[offer.position];
        if (way == Way::action) {
            Local*& known = offered(node).acts[offer.number];
            if (known == nullptr) {
                std::optional<LocalStep> step = offering_.act(node, offer.number);
                const bool is_enabled = step.has_value();
                known = &add({is_enabled, is_enabled ? std::move(*step) : LocalStep{}, {}, {}});
            }
            return *known;
        }
        if (way == Way::restart) {
            Local*& known = offered(node).restart;
            if (known == nullptr) known = &add({true, model_.restart(node), {}, {}});
            return *known;
        }
        const Message message = state_.messages[offer.number];
        Local*& known = received_[std::uint64_t{node} << 32 | message];
        if (known == nullptr) known = &add({true, model_.receive(node, message), {}, {}});
        return *known;
    }
    Local& add(Local local) { return locals_.emplace_back(std::move(local)); }

    History observed(History history, Node before, Node after) {
        const Word key[] = {history, before, after};
        const Word question = observations_.intern(key);
        if (question >= histories_.size()) histories_.resize(question + 1, unknown);
        if (histories_[question] == unknown)
            histories_[question] = model_.observe(history, before, after);
        return histories_[question];
    }

    std::array<std::uint8_t, 2> channel(Message message) {
        if (message >= channels_.size()) channels_.resize(message + 1, no_channel);
        if (channels_[message] == no_channel) channels_[message] = model_.channel(message);
        return channels_[message];
    }

    // ---- Verdicts

    bool is_bad_locally(Way way, const Offer& offer, Local& local) {
        const bool again = way == Way::receive_again;
        if (!local.is_asked[again]) {
            const bool is_receipt = way == Way::receive || again;
            const std::uint32_t number =
                is_receipt ? before_.messages[offer.number] : offer.number;
            const StepName step{static_cast<How>(way), offer.position, number};
            local.is_bad[again] = !model_.local_holds(step, before_);
            local.is_asked[again] = true;
        }
        return local.is_bad[again];
    }

    bool is_bad_state() { return verdicts_.violated(state_, nullptr); }
    bool is_bad_step() { return verdicts_.violated(before_, &state_); }

    // ---- Counting

    // A number for the state, whatever the numbers of its parts; of messages in flight, the order
    // counts where it is that of a channel.
    std::uint64_t hash() {
        std::uint64_t sum = mixed(hashed(of_history_, state_.history, [&](History history) {
            return offering_.hash_of_history(history);
        }));
        for (std::size_t position = 0; position < state_.nodes.size(); ++position)
            sum = mixed(sum ^ hashed(of_node_, state_.nodes[position], [&](Node node) {
                return offering_.hash_of_node(node);
            }));
        for (std::uint32_t used : state_.faults) sum = mixed(sum ^ used);
        if (setting_.is_fifo) in_channel_.assign(setting_.servers * setting_.servers, 0);
        std::uint64_t messages = 0;
        for (Message message : state_.messages) {
            const std::uint64_t own = hashed(of_message_, message, [&](Message each) {
                return offering_.hash_of_message(each);
            });
            const auto [source, dest] = channel(message);
            const std::uint64_t place =
                setting_.is_fifo ? ++in_channel_[source * setting_.servers + dest] : 0;
            messages += mixed(own ^ mixed(place));
        }
        return mixed(sum ^ messages);
    }

    template <class Ask>
    static std::uint64_t hashed(std::vector<std::optional<std::uint64_t>>& known,
                                std::uint32_t number, Ask ask) {
        if (number >= known.size()) known.resize(number + 1);
        if (!known[number]) known[number] = ask(number);
        return *known[number];
    }

    static constexpr Word unknown = ~Word{0};
    static constexpr std::array<std::uint8_t, 2> no_channel{255, 255};

    Model& model_;
    Offering& offering_;
    WalkSetting setting_;
    WalkVerdicts verdicts_;

    std::deque<OfNode> nodes_;
    std::deque<Local> locals_;
    std::unordered_map<std::uint64_t, Local*> received_;
    Interner observations_;
    std::vector<History> histories_;
    std::vector<std::array<std::uint8_t, 2>> channels_;
    std::vector<std::optional<std::uint64_t>> of_node_, of_message_, of_history_;

    Shape state_, before_;
    Walked walked_;
    std::vector<Kind> kinds_;
    std::vector<Offer> offers_;
    std::vector<std::uint64_t> kind_weights_, weights_;
    std::vector<std::uint32_t> deliverable_, in_channel_;
    std::vector<bool> channels_met_;
};

}  // namespace explorer
