// The search with the states on disk, for Python; a part of module.cpp.
class PythonDiskSearch {
   public:
    // `room` is 0 for what memory leaves; `peers` is None where there are none.
    PythonDiskSearch(nb::object model, nb::list properties, nb::object setting,
                     const std::string& folder, double every, std::size_t room, nb::object peers)
        : model_(std::move(model)),
          peers_(peers.is_none() ? nullptr : std::make_unique<PythonPeers>(std::move(peers))),
          search_(model_, properties_of(properties), setting_of(setting), {folder, every, room},
                  peers_ == nullptr ? static_cast<Peers&>(Alone::nobody_else()) : *peers_) {}

    void restore(const std::map<std::string, ExtentTuple>& files) {
        nb::gil_scoped_release unlocked;
        search_.restore(extents_of(files));
    }

    // Go on from what these files keep, if there are any.
    Found run(const std::vector<Node>& nodes, History history, const nb::object& heartbeat,
              const std::map<std::string, ExtentTuple>& files, const nb::object& commit) {
        nb::gil_scoped_release unlocked;
        if (!files.empty()) search_.restore(extents_of(files));
        return search_.run(nodes, history, beat(heartbeat), committing(commit));
    }

    // How far what was restored had come: the depth, that covered, and whether something was bad.
    using Point = std::tuple<std::uint64_t, std::uint64_t, bool>;
    Point point() const {
        const auto [depth, covered_depth, is_violated] = search_.reached_before();
        return {depth, covered_depth, is_violated};
    }

    // An earlier rank's search, and the nodes, messages, histories and names that it knew by number.
    using LegacyTuple = std::tuple<nb::object, std::vector<Node>, std::vector<Message>,
                                   std::vector<History>, std::vector<std::uint32_t>>;
    Found adopt(const std::vector<LegacyTuple>& legacies, const Point& point,
                const nb::object& heartbeat, const nb::object& commit) {
        std::vector<std::pair<DiskSearch*, Renumbering>> earlier;
        for (const auto& [search, nodes, messages, histories, names] : legacies)
            earlier.emplace_back(&nb::cast<PythonDiskSearch&>(search).search_,
                                 Renumbering{nodes, messages, histories, names});
        nb::gil_scoped_release unlocked;
        const auto [depth, covered_depth, is_violated] = point;
        return search_.adopt(std::move(earlier), {depth, covered_depth, is_violated},
                             beat(heartbeat), committing(commit));
    }

    Ending find_ways(const nb::object& heartbeat) {
        nb::gil_scoped_release unlocked;
        return search_.find_ways(beat(heartbeat));
    }

    bool is_on_the_way(std::size_t number, std::vector<Node> nodes, std::vector<Message> messages,
                       History history, Faults faults) {
        nb::gil_scoped_release unlocked;
        return search_.is_on_the_way(number,
                                     {std::move(nodes), history, faults, std::move(messages)});
    }

    std::vector<bool> reached() const { return search_.verdicts().reached(); }
    std::string trouble() const { return search_.trouble(); }

    std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, double> postage() const {
        return as_tuple(search_.postage());
    }

   private:
    static Files extents_of(const std::map<std::string, ExtentTuple>& files) {
        Files extents;
        for (const auto& [name, extent] : files) extents[name] = extent_of(extent);
        return extents;
    }
    static DiskSearch::Commit committing(const nb::object& commit) {
        return [&commit](const Files& kept) {
            nb::gil_scoped_acquire lock;
            return committed(commit, kept);
        };
    }
    // What Python cannot write is as what the search cannot.
    static bool committed(const nb::object& commit, const Files& files) {
        try {
            return nb::cast<bool>(commit(as_tuples(files)));
        } catch (const nb::python_error& error) {
            if (!error.matches(PyExc_OSError)) throw;
            const nb::object code = error.value().attr("errno");
            throw FileError(nb::cast<std::string>(nb::str(error.value().attr("filename"))),
                            code.is_none() ? EIO : nb::cast<int>(code));
        }
    }

    PythonModel model_;
    std::unique_ptr<PythonPeers> peers_;
    DiskSearch search_;
};

inline void define_disk_search(nb::module_& module) {
    nb::class_<PythonDiskSearch>(module, "DiskSearch")
        .def(nb::init<nb::object, nb::list, nb::object, const std::string&, double, std::size_t,
                      nb::object>(),
             nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(),
             nb::arg("peers") = nb::none())
        .def("restore", &PythonDiskSearch::restore)
        .def("adopt", &PythonDiskSearch::adopt)
        .def("postage", &PythonDiskSearch::postage)
        .def_prop_ro("point", &PythonDiskSearch::point)
        .def("run", &PythonDiskSearch::run)
        .def("find_ways", &PythonDiskSearch::find_ways)
        .def("is_on_the_way", &PythonDiskSearch::is_on_the_way)
        .def("reached", &PythonDiskSearch::reached)
        .def_prop_ro("trouble", &PythonDiskSearch::trouble);
}
