// Liveness as Python has it: raft_ref.explorer._core.Live. Part of module.cpp.

// What is asked of the goal, from a Python object; see PythonModel.
class PythonLiveQuestions : public LiveQuestions {
   public:
    explicit PythonLiveQuestions(nb::object object) : object_(std::move(object)) {}

    std::shared_ptr<void> guest() override { return std::make_shared<PythonModel::Guest>(); }
    std::uint8_t asked(const Shape& state) override {
        nb::gil_scoped_acquire lock;
        return nb::cast<std::uint8_t>(object_.attr("asked")(as_python(&state)));
    }
    std::uint64_t kept(const Shape& servers) override {
        nb::gil_scoped_acquire lock;
        return nb::cast<std::uint64_t>(object_.attr("kept")(servers.nodes));
    }

   private:
    nb::object object_;
};

// It keeps the search, which must have covered everything.
class PythonLive {
   public:
    PythonLive(nb::object search, nb::object questions, const nb::object& assumed)
        : kept_(search),
          questions_(std::move(questions)),
          live_(nb::cast<PythonSearch&>(search).search(), questions_, assumed_of(assumed)),
          ways_(live_) {}

    Liveness::Answer answer(const std::vector<Node>& nodes, History history,
                            const nb::object& heartbeat) {
        nb::gil_scoped_release unlocked;
        return live_.answer(nodes, history, beat(heartbeat));
    }
    // The states in which a fair run can stay for ever, of those the nearest; none if stopped.
    nb::list nearest(const nb::object& heartbeat) {
        bool is_found;
        {
            nb::gil_scoped_release unlocked;
            is_found = ways_.find(beat(heartbeat));
        }
        nb::list states;
        if (is_found)
            for (const Shape& each : ways_.states()) states.append(as_python(&each));
        return states;
    }
    using Tuple = std::tuple<std::vector<Node>, std::vector<Message>, History, Faults>;
    int find_ways(const std::vector<Tuple>& targets, const nb::object& heartbeat) {
        nb::gil_scoped_release unlocked;
        std::vector<Shape> shapes;
        for (const Tuple& each : targets) shapes.push_back(shape(each));
        return ways_.find_ways(shapes, beat(heartbeat));
    }
    bool is_on_the_way(std::size_t number, bool is_due, const Tuple& state) {
        return ways_.is_on_the_way(number, is_due, shape(state));
    }

   private:
    static Shape shape(const Tuple& state) {
        const auto& [nodes, messages, history, faults] = state;
        return {nodes, history, faults, messages};
    }
    static Assumed assumed_of(const nb::object& from) {
        Assumed assumed;
        assumed.labels =
            nb::cast<std::vector<std::vector<std::uint64_t>>>(from.attr("labels"));
        assumed.lost = nb::cast<std::uint64_t>(from.attr("lost"));
        assumed.fair = nb::cast<unsigned>(from.attr("fair"));
        assumed.strong = nb::cast<std::uint64_t>(from.attr("strong"));
        assumed.begins_anywhere = nb::cast<bool>(from.attr("begins_anywhere"));
        assumed.of_servers = nb::cast<bool>(from.attr("of_servers"));
        return assumed;
    }

    nb::object kept_;
    PythonLiveQuestions questions_;
    Liveness live_;
    LassoWays ways_;
};

void define_liveness(nb::module_& module) {
    nb::class_<Liveness::Answer>(module, "LiveAnswer")
        .def_ro("ending", &Liveness::Answer::ending)
        .def_ro("awaited", &Liveness::Answer::awaited)
        .def_ro("enabled", &Liveness::Answer::enabled)
        .def_ro("is_refuted", &Liveness::Answer::is_refuted)
        .def_ro("is_clear", &Liveness::Answer::is_clear);
    nb::class_<PythonLive>(module, "Live")
        .def(nb::init<nb::object, nb::object, nb::object>())
        .def("answer", &PythonLive::answer)
        .def("nearest", &PythonLive::nearest)
        .def("find_ways", &PythonLive::find_ways)
        .def("is_on_the_way", &PythonLive::is_on_the_way);
}
