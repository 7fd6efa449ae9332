// The states of a system, as keys: which steps lead out of one, and what properties say of it.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "interned_network.hpp"
#include "packed_network.hpp"
#include "state_key.hpp"
#include "steps.hpp"
#include "tally.hpp"

namespace explorer {

class Space {
   public:
    Space(Model& model, std::vector<Property> properties, const Setting& setting)
        : setting_(setting),
          verdicts_(model, std::move(properties)),
          steps_(model, verdicts_, setting.own_bounds, setting.limits.faults[0] > 0,
                 setting.is_reduced, setting.servers,
                 setting.renamed),
          packed_(steps_.messages(), setting.is_fifo,
                  static_cast<int>(std::min<std::uint64_t>(setting.limits.messages, 64))),
          interned_(steps_.messages(), setting.is_fifo, setting.limits.messages) {
        steps_.set_fault_classes(setting.limits.faults);
        for (int fault = 0; fault < 3; ++fault)
            fault_room_[fault] = std::min(setting.limits.faults[fault], few_faults);
        lay_out();
    }

    Steps& steps() { return steps_; }
    const Steps& steps() const { return steps_; }
    Messages& messages() { return steps_.messages(); }
    const Messages& messages() const { return steps_.messages(); }
    Verdicts& verdicts() { return verdicts_; }
    const Verdicts& verdicts() const { return verdicts_; }
    InternedNetworks& interned() { return interned_; }
    const InternedNetworks& interned() const { return interned_; }
    const Layout& layout() const { return layout_; }
    std::uint32_t servers(std::uint64_t key) const { return layout_.servers(key); }

    // Call visit(edge, again, next, network) for each step out of a state. The edge of a message
    // that is lost is null; the network is that of the state before any renaming, for `messages_of`.
    // Throws Overflow, and then does so again at the same step until there is a larger layout.
    template <class Visit>
    void expand(std::uint64_t key, Tally& tally, Visit&& visit) {
        if (layout_.is_packed())
            expand_in(packed_, key, tally, visit);
        else
            expand_in(interned_, key, tally, visit);
    }

    // A state as its key, renamed as symmetry demands. Throws Overflow.
    std::uint64_t key_of(const Shape& state) {
        const auto [servers, renamings] = steps_.canonical(state.nodes, state.history);
        std::vector<Word> numbers;
        for (Message message : state.messages) numbers.push_back(steps_.number_of(message));
        return key_of(servers, renamings, state.faults, numbers);
    }
    // The same, of canonical servers, by the renamings that led to them. Throws Overflow.
    std::uint64_t key_of(Word servers, const Renamings* renamings, const Faults& faults,
                         const std::vector<Word>& messages) {
        std::uint64_t key = placed(messages, renamings) | servers;
        for (int fault = 0; fault < 3; ++fault) {
            if (faults[fault] >= layout_.max_faults(fault)) lack(fault, faults[fault]);
            key += faults[fault] * layout_.one(fault);
        }
        return key;
    }

    // A state as the model has it.
    Shape shape_of(std::uint64_t key) {
        Shape shape = steps_.shape(layout_.servers(key), faults(key));
        add(shape, numbers_of(key));
        return shape;
    }

    Faults faults(std::uint64_t key) const {
        return {layout_.faults(key, 0), layout_.faults(key, 1), layout_.faults(key, 2)};
    }
    std::uint32_t fault_class(std::uint64_t key) const {
        return steps_.has_one_class() ? 0 : steps_.fault_class(faults(key));
    }
    // Call visit(number) for each message in flight.
    template <class Visit>
    void each_message(std::uint64_t key, Visit visit) const {
        std::uint64_t network = layout_.network(key);
        if (layout_.is_packed()) {
            const auto view = packed_.view(network);
            const int size = packed_.size(view);
            for (int place = 0; place < size; ++place) visit(packed_.at(view, place));
        } else {
            for (Word number : interned_.view(network)) visit(number);
        }
    }
    // The messages in flight, by their numbers.
    std::vector<Word> numbers_of(std::uint64_t key) const {
        const std::uint64_t network = layout_.network(key);
        if (layout_.is_packed()) return messages_of(packed_.view(network));
        const auto view = interned_.view(network);
        return {view.begin(), view.end()};
    }

    // ---- Verdicts

    bool is_bad(std::uint64_t key) {
        bool bad = steps_.is_bad(layout_.servers(key), faults(key), fault_class(key));
        if (verdicts_.any(When::state)) bad |= steps_.is_bad_state(shape_of(key));
        return bad;
    }

    // `cls` is the fault class of the state.
    template <class Network>
    bool is_bad_step(std::uint64_t key, std::uint32_t cls, Edge* edge, bool again,
                     const Network& network) {
        const Word servers = layout_.servers(key);
        const bool bad = edge != nullptr &&
                         steps_.is_bad(servers, *edge, again, cls, [&] { return faults(key); });
        if (!verdicts_.any(When::step)) return bad;
        const Shape before = shape_of(key);
        Faults used = before.faults;
        if (edge == nullptr) ++used[1];
        if (edge != nullptr && edge->origin->step.how == How::restart) ++used[0];
        if (again) ++used[2];
        Shape after = steps_.shape_after(servers, edge, used);
        add(after, messages_of(network));
        return bad | steps_.is_bad_step(before, after);
    }

    // ---- Layouts

    // Whether all that has a number fits, when networks are packed.
    bool can_be_packed() const {
        const std::optional<Layout> found = fitting();
        return found && found->is_packed();
    }
    // Take a layout with room for all that has a number now; false if 64 bits are too few. All keys
    // are to be translated then. Nobody may be at work.
    bool lay_out() {
        const std::optional<Layout> found = fitting();
        if (found) use(*found);
        return found.has_value();
    }
    // Until a layout is taken, whatever has a number may have more.
    void lift_limits() {
        steps_.set_limit(~std::uint64_t{0});
        messages().set_limit(~std::size_t{0});
        interned_.set_limit(~std::uint64_t{0});
    }
    void use(const Layout& layout) {
        layout_ = layout;
        steps_.set_limit(layout.max_servers());
        messages().set_limit(layout.max_messages());
        if (layout.is_packed())
            packed_.set_message_bits(layout.message_bits());
        else
            interned_.set_limit(layout.max_networks());
        for (int fault = 0; fault < 3; ++fault)
            fault_room_[fault] = static_cast<std::uint32_t>(
                std::min<std::uint64_t>(layout.max_faults(fault) - 1, setting_.limits.faults[fault]));
        is_short_ = false;
    }
    // Give a packed network the number by which it can be found later.
    void number_network(std::uint64_t key) { interned_.intern(numbers_of(key)); }
    // The key of a state whose key was another one in a layout before.
    std::uint64_t translated(const Layout& before, std::uint64_t key) {
        std::uint64_t result = before.servers(key);
        for (int fault = 0; fault < 3; ++fault)
            result += before.faults(key, fault) * layout_.one(fault);
        std::uint64_t network = before.network(key);
        if (!before.is_packed()) return result | layout_.placed(network);
        std::vector<Word> numbers;
        for (const int bits = before.message_bits(); network != 0; network >>= bits)
            numbers.push_back(static_cast<Word>(network & ((std::uint64_t{1} << bits) - 1)));
        return result | placed(numbers, nullptr);
    }

   private:
    static constexpr std::uint32_t few_faults = 3;

    std::optional<Layout> fitting() const {
        const bool are_numbers = steps_.servers() > 0 && !layout_.is_packed();
        return Layout::of({steps_.servers(), steps_.messages().size(), interned_.end(), fault_room_},
                          are_numbers ? ~std::uint64_t{0} : setting_.limits.messages);
    }

    std::uint64_t placed(const std::vector<Word>& numbers, const Renamings* renamings) {
        return layout_.is_packed() ? placed_in(packed_, numbers, renamings)
                                   : placed_in(interned_, numbers, renamings);
    }
    template <class Networks>
    std::uint64_t placed_in(Networks& networks, const std::vector<Word>& numbers,
                            const Renamings* renamings) {
        typename Networks::Draft draft;
        for (Word number : numbers) networks.send(draft, number);
        return layout_.placed(networks.placed(draft, renamings));
    }

    std::vector<Word> messages_of(const Packed& network) const {
        std::vector<Word> numbers;
        for (int place = 0; place < packed_.size(network); ++place)
            numbers.push_back(packed_.at(network, place));
        return numbers;
    }
    std::vector<Word> messages_of(const Draft& network) const {
        return {network.begin(), network.end()};
    }
    void add(Shape& shape, const std::vector<Word>& numbers) {
        for (Word number : numbers) shape.messages.push_back(messages().of_model(number));
    }

    // The bits of one fault more. Throws Overflow.
    std::uint64_t one_more(std::uint64_t key, std::uint64_t used, int fault) {
        if (layout_.faults(key, fault) + std::uint64_t{1} < layout_.max_faults(fault))
            return used + layout_.one(fault);
        lack(fault);
    }
    // Have the next layout provide for twice as many faults, and so many at least. Throws Overflow.
    [[noreturn]] void lack(int fault, std::uint32_t least = 0) {
        std::lock_guard lock(shortage_);
        if (!std::exchange(is_short_, true))
            fault_room_[fault] = std::max(least, 2 * fault_room_[fault] + 1);
        throw Overflow();
    }

    template <class Networks, class Visit>
    void expand_in(Networks& networks, std::uint64_t key, Tally& tally, Visit& visit) {
        const Word servers = layout_.servers(key);
        const auto view = networks.view(layout_.network(key));
        const int size = networks.size(view);
        const std::uint64_t used = layout_.faults_in_place(key);
        const Limits& limits = setting_.limits;
        std::uint64_t* cut = tally.cut.data() + setting_.own_bounds;
        typename Networks::Draft draft;
        const auto step = [&](Edge& edge, bool again, std::uint64_t faults) {
            const Word* sends = edge.sent();
            for (int sent = 0; sent < edge.sends_size; ++sent)
                if (!networks.send(draft, sends[sent])) {
                    ++cut[Cut::messages];
                    return tell_kept(visit, edge, again);
                }
            const std::uint64_t network = layout_.placed(networks.placed(draft, edge.renamings));
            tally.count(again ? edge.names_again : edge.names);
            visit(&edge, again, network | faults | edge.servers, draft);
        };
        if (setting_.is_reduced) {
            bool any = false;
            for (int place = 0; place < size; ++place) {
                if (!networks.is_deliverable(view, place)) continue;
                Edge& edge = steps_.receipt(servers, networks.at(view, place));
                if (!edge.is_obsolete) continue;
                networks.begin_without(draft, view, place);
                step(edge, false, used);
                any = true;
            }
            if (any) return;
        }
        Row& row = steps_.row(servers);
        count(row.actions_exceeding, tally);
        for (Edge& edge : row.actions) {
            networks.begin(draft, view);
            step(edge, false, used);
        }
        if (layout_.faults(key, 0) >= limits.faults[0]) {
            cut[Cut::restarts] += setting_.servers;
        } else {
            const std::uint64_t restarted = one_more(key, used, 0);
            count(row.restarts_exceeding, tally);
            for (Edge& edge : row.restarts) {
                networks.begin(draft, view);
                step(edge, false, restarted);
            }
        }
        const bool may_drop = layout_.faults(key, 1) < limits.faults[1];
        const bool may_duplicate = layout_.faults(key, 2) < limits.faults[2];
        const std::uint64_t dropped = may_drop && size > 0 ? one_more(key, used, 1) : 0;
        const std::uint64_t duplicated = may_duplicate && size > 0 ? one_more(key, used, 2) : 0;
        for (int place = 0; place < size; ++place) {
            if (!networks.is_deliverable(view, place)) continue;
            Edge& edge = steps_.receipt(servers, networks.at(view, place));
            if (edge.is_within) {
                networks.begin_without(draft, view, place);
                step(edge, false, used);
            } else {
                count(edge.origin->extra->exceeded, tally);
                tell_kept(visit, edge, false);
            }
            if (!may_duplicate) {
                ++cut[Cut::duplicates];
            } else if (edge.is_within) {
                networks.begin(draft, view);
                step(edge, true, duplicated);
            } else {
                count(edge.origin->extra->exceeded, tally);
            }
            if (!may_drop) {
                ++cut[Cut::drops];
                continue;
            }
            networks.begin_without(draft, view, place);
            const std::uint64_t network = layout_.placed(networks.placed(draft, row.stabilizer));
            ++tally.transitions;
            ++tally.lost;
            visit(nullptr, false, network | dropped | servers, draft);
        }
    }

    // A visitor may want to know of a step that a bound forbids; of those that need no message, it is
    // told of none that leaves a bound on the server's own state.
    template <class Visit>
    static void tell_kept(Visit& visit, const Edge& edge, bool again) {
        if constexpr (requires { visit.kept(edge, again); }) visit.kept(edge, again);
    }

    static void count(const std::vector<std::uint32_t>& exceeding, Tally& tally) {
        for (std::size_t bound = 0; bound < exceeding.size(); ++bound)
            tally.cut[bound] += exceeding[bound];
    }
    static void count(const std::vector<std::uint8_t>& exceeded, Tally& tally) {
        for (std::uint8_t bound : exceeded) ++tally.cut[bound];
    }

    const Setting& setting_;
    Verdicts verdicts_;
    Steps steps_;
    PackedNetworks packed_;
    InternedNetworks interned_;
    Layout layout_;

    std::mutex shortage_;
    bool is_short_ = false;  // of bits for faults
    Faults fault_room_{};
};

}  // namespace explorer
