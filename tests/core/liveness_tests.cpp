// Tests of liveness in the native engine, without Python; built under sanitizers by .ci/run.
#include <random>
#include <thread>

#include "lasso_ways.hpp"
#include "liveness.hpp"
#include "support.hpp"

namespace explorer::liveness_tests {
namespace {

struct Step {
    Node to;
    std::uint64_t label;
    bool is_forbidden;
};

// One server that walks through a graph; what a step is counted as is its label.
struct Graph : Quiet, LiveQuestions {
    std::vector<std::vector<Step>> steps;
    std::vector<std::uint8_t> answers;

    std::vector<LocalStep> actions(Node node) override {
        std::vector<LocalStep> found;
        for (const Step& step : steps[node]) {
            const auto names = static_cast<std::uint32_t>(step.label);
            LocalStep local{step.to, {}, names, names, {}};
            if (step.is_forbidden) local.exceeded.push_back(0);
            found.push_back(local);
        }
        return found;
    }
    std::shared_ptr<void> guest() override { return Quiet::guest(); }
    std::atomic<int> asking{0};
    std::atomic<bool> are_two_asking{false};
    struct Question {
        Graph& graph;
        explicit Question(Graph& graph) : graph(graph) {
            if (++graph.asking > 1) graph.are_two_asking = true;
        }
        ~Question() { --graph.asking; }
    };
    std::uint8_t asked(const Shape& state) override {
        const Question question(*this);
        return answers[state.nodes[0]];
    }
    std::uint64_t kept(const Shape& servers) override {
        const Question question(*this);
        std::uint64_t label = 0;
        for (const Step& step : steps[servers.nodes[0]])
            if (step.is_forbidden && step.to != servers.nodes[0]) label |= step.label;
        return label;
    }
};

Setting setting(unsigned threads) {
    Setting result{};
    result.servers = 1;
    result.limits = {0, {0, 0, 0}, ~0ull};
    result.own_bounds = 1;
    result.threads = threads;
    result.memory = std::size_t{1} << 33;
    return result;
}

Assumed assumed(unsigned fair, std::uint64_t strong) {
    Assumed result;
    for (std::uint64_t label = 0; label < std::uint64_t{2} << fair; ++label)
        result.labels.push_back({label});
    result.fair = fair;
    result.strong = strong;
    result.of_servers = true;
    return result;
}

// ---- The definition: some set of states in which a run can stay for ever, looked for among all.

struct Definition {
    const Graph& graph;
    unsigned fair;
    std::uint64_t strong;
    std::uint32_t awaited = 0;  // in which a run can be while the goal is awaited, as bits

    Definition(const Graph& graph, unsigned fair, std::uint64_t strong)
        : graph(graph), fair(fair), strong(strong) {
        const std::uint32_t all = reach(1, ~0u);
        for (Node node = 0; node < graph.steps.size(); ++node)
            if ((all >> node & 1) && has(node, Liveness::begins | Liveness::awaited))
                awaited |= 1u << node;
        std::uint32_t may = 0;
        for (Node node = 0; node < graph.steps.size(); ++node)
            may |= std::uint32_t{has(node, Liveness::awaited)} << node;
        awaited = reach(awaited, may);
    }

    bool has(Node node, std::uint8_t what) const { return (graph.answers[node] & what) == what; }

    template <class Visit>
    void each_step(std::uint32_t from, Visit visit) const {
        for (Node node = 0; node < graph.steps.size(); ++node)
            if (from >> node & 1)
                for (const Step& step : graph.steps[node])
                    if (!step.is_forbidden && step.to != node) visit(node, step);
    }
    std::uint32_t reach(std::uint32_t from, std::uint32_t within, std::uint64_t wanted = 0) const {
        for (std::uint32_t before = 0; before != from;) {
            before = from;
            each_step(before, [&](Node, const Step& step) {
                if ((step.label & wanted) == wanted && (within >> step.to & 1)) from |= 1u << step.to;
            });
        }
        return from;
    }

    bool is_refuted(bool is_without_bounds) const {
        for (std::uint32_t set = 1; set < 1u << graph.steps.size(); ++set)
            if ((set & awaited) == set && can_stay(set, is_without_bounds)) return true;
        return false;
    }

    bool can_stay(std::uint32_t set, bool is_without_bounds) const {
        const std::uint64_t moves = std::uint64_t{1} << fair;
        std::uint64_t taken = 0, somewhere = 0, everywhere = ~0ull;
        bool is_again = false;
        for (Node node = 0; node < graph.steps.size(); ++node) {
            if (!(set >> node & 1)) continue;
            if (reach(1u << node, set, moves) != set) return false;
            is_again |= has(node, Liveness::again);
            std::uint64_t enabled = 0;
            for (const Step& step : graph.steps[node])
                if (step.to != node && (!step.is_forbidden || is_without_bounds))
                    enabled |= step.label;
            somewhere |= enabled;
            everywhere &= enabled;
        }
        each_step(set, [&](Node, const Step& step) {
            if ((step.label & moves) && (set >> step.to & 1)) taken |= step.label;
        });
        const bool is_one = (set & (set - 1)) == 0;
        if (!is_again || (is_one && (somewhere & moves))) return false;
        const std::uint64_t owed = (strong & somewhere) | (~strong & everywhere);
        return (owed & ~taken & (moves - 1)) == 0;
    }
};

void an_answer_is_that_of_the_definition() {
    std::mt19937 random(1);
    const auto one_of = [&](unsigned times) { return random() % times == 0; };
    int refuted = 0, by_bounds = 0, held = 0;
    for (int trial = 0; trial < 60; ++trial) {
        Graph graph;
        const unsigned nodes = 1 + random() % 8, fair = random() % 4;
        const std::uint64_t strong = random() % 8;
        graph.steps.resize(nodes);
        const unsigned density = 1 + random() % 3;
        for (Node node = 0; node < nodes; ++node) {
            graph.answers.push_back(one_of(4) ? 0
                                              : Liveness::awaited | (one_of(3) ? 0 : Liveness::again) |
                                                    (one_of(2) ? Liveness::begins : 0));
            for (unsigned number = random() % (density + 1); number > 0; --number) {
                std::uint64_t label = random() % (1u << fair);
                if (!one_of(6)) label |= std::uint64_t{1} << fair;
                graph.steps[node].push_back({static_cast<Node>(random() % nodes), label, one_of(6)});
            }
        }
        const Definition definition(graph, fair, strong);
        Search search(graph, {}, setting(1));
        CHECK(search.run({0}, 0, go_on).ending == Ending::covered);
        Liveness liveness(search, graph, assumed(fair, strong));
        const Liveness::Answer answer = liveness.answer({0}, 0, go_on);
        CHECK(answer.ending == Ending::covered);
        CHECK(answer.awaited == static_cast<std::uint64_t>(std::popcount(definition.awaited)));
        CHECK(answer.is_refuted == definition.is_refuted(false));
        CHECK(answer.is_clear == definition.is_refuted(true));
        (answer.is_clear ? refuted : answer.is_refuted ? by_bounds : held) += 1;
        if (!answer.is_refuted) continue;
        LassoWays ways(liveness);
        CHECK(ways.find(go_on));
        const std::vector<Shape> nearest = ways.states();
        CHECK(!nearest.empty());
        const int reach = ways.find_ways(nearest, go_on);
        CHECK(reach >= 0);
        bool is_reached = false;
        for (const Shape& state : nearest) {
            CHECK(definition.awaited >> state.nodes[0] & 1);
            is_reached |= ways.is_on_the_way(static_cast<std::size_t>(reach), true, state);
        }
        CHECK(is_reached);
    }
    CHECK(refuted > 10 && by_bounds > 0 && held > 10);  // otherwise this says little
}

// A tree, all ends of which lead to a loop of three.
struct TreeToALoop : Graph {
    explicit TreeToALoop(Node tree) {
        steps.resize(tree + 3);
        answers.assign(tree + 3, Liveness::begins | Liveness::awaited | Liveness::again);
        for (Node node = 0; node < tree; ++node)
            for (const Node next : {2 * node + 1, 2 * node + 2})
                steps[node].push_back({std::min(next, tree), 2, false});
        // The only step that is fair to take is in the loop, and leads on in it.
        for (const Node place : {0, 1, 2})
            steps[tree + place].push_back(
                {tree + (place + 1) % 3, place == 0 ? std::uint64_t{3} : std::uint64_t{2}, false});
    }
};

// There are more states than the first table has room for: so many slots threads go through.
void threads_leave_the_loop_alone() {
    constexpr Node tree = 60'000;
    for (unsigned threads : thread_counts) {
        TreeToALoop graph(tree);
        Search search(graph, {}, setting(threads));
        search.run({0}, 0, go_on);
        graph.most_guests = 0;
        Liveness liveness(search, graph, assumed(1, 1));
        const Liveness::Answer answer = liveness.answer({0}, 0, go_on);
        CHECK(graph.has_had_guests(threads) && !graph.are_two_asking);
        CHECK(answer.awaited == tree + 3);
        CHECK(answer.is_refuted && answer.is_clear && answer.enabled == 3);
        LassoWays ways(liveness);
        CHECK(ways.find(go_on));
        CHECK(ways.states().size() == 3);
    }
}

// It is asked a few times a second: so long a question is open.
void a_heartbeat_stops_it() {
    struct Slow : TreeToALoop {
        using TreeToALoop::TreeToALoop;
        std::uint8_t asked(const Shape& state) override {
            if (state.nodes[0] == 5) std::this_thread::sleep_for(std::chrono::milliseconds(300));
            return TreeToALoop::asked(state);
        }
    } graph(10);
    Search search(graph, {}, setting(1));
    search.run({0}, 0, go_on);
    Liveness liveness(search, graph, assumed(1, 1));
    const auto stop = [](const Found&) { return false; };
    CHECK(liveness.answer({0}, 0, stop).ending == Ending::interrupted);
}

}  // namespace

void run() {
    if (!is_about_threads) an_answer_is_that_of_the_definition();
    threads_leave_the_loop_alone();
    a_heartbeat_stops_it();
}

}  // namespace explorer::liveness_tests
