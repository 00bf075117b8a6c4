import Logging
import Plist

/// What is to be kept: the files of the last whole run.
extension Watch {
    /// Editors write in place, and are done with it sooner than this.
    private static let doubt: Duration = .milliseconds(100)

    /// Before the first look: what is to be kept, and whether anything is.
    ///
    /// - Throws: what `apply` would refuse: there is no older configuration to keep in force.
    func begin() throws(WatchFailure) {
        do throws(FileError) {
            try recall()
        } catch { throw .session(.file(error)) }
        schedule.look(at: now())
        report.begin()
        guard !schedule.isStandingBy else { return }
        do throws(ConfigurationFailure) {
            configuration = try Configuration.read(path)
        } catch { throw .configuration(error) }
        report.warn(configuration?.warnings ?? [])
    }

    /// SIGHUP: reads everything again, and ends a stand-by.
    func reload() {
        isMemoryStale = isMemoryStale || session.folder.version != known
        if isMemoryStale { tryToRecall() }
        if schedule.isStandingBy {
            schedule.resume()
            occasion = "configured"
            report.tellCallBack(bySignal: true)
        }
        isConfigurationStale = true
        patience.forget()
        report.forget()
        schedule.look(at: now())
    }

    func tryToRecall() {
        do throws(FileError) { try recall() } catch { retry("\(error)") }
    }

    /// What the last whole run left: its files, or that there are none any more.
    private func recall() throws(FileError) {
        isMemoryStale = false
        known = session.folder.version
        if try session.folder.isTornDown() {
            guard !schedule.isStandingBy else { return }
            schedule.standBy()
            return report.tellStandBy()
        }
        let (memory, _) = try session.folder.load()
        if schedule.isStandingBy {
            schedule.resume()
            report.tellCallBack(bySignal: false)
        }
        patience.forget()
        // Whatever it was about, the files may have been read in another state.
        isConfigurationStale = true
        if let main = memory.files.first, main != path {
            report.log.info("the configuration is \(main) now")
            path = main
            configuration = nil
        }
    }

    func readConfiguration() {
        isConfigurationStale = false
        do throws(ConfigurationFailure) {
            let read = try Configuration.read(path)
            if let missing = read.config.discovery, !missing.isRead,
                let last = configuration?.config.discovery, last.isRead, last.path == missing.path
            {
                // An absence is no complete discovery.
                throw .files(.noFile(path: missing.path))
            }
            isConfigurationDoubtful = false
            report.tell(badFile: nil)
            guard read.sources != configuration?.sources else { return }
            if configuration != nil { occasion = "the changed configuration was applied" }
            configuration = read
            patience.forget()
            report.warn(read.warnings)
        } catch {
            let kept =
                configuration == nil
                ? "nothing is kept in force" : "what was read before stays in force"
            let text = "\(kept):\n\(error.text)"
            guard report.isNews(badFile: text), !isConfigurationDoubtful else {
                return report.tell(badFile: text)
            }
            isConfigurationDoubtful = true
            isConfigurationStale = true
            schedule.look(at: now() + Self.doubt)
        }
    }

    /// What decides what is wanted.
    var interests: [FileWatcher.Interest] {
        let folder = Files.absolute(session.folder.path)
        let lib = Files.absolute(session.libDirectory)
        var interests: [FileWatcher.Interest] = [
            .init(path: "\(folder)/state.plist", topic: .memory),
            .init(path: "\(lib)/bindings.plist", topic: .bindings),
            .init(path: path, topic: .configuration),
            .init(path: ConfigFiles.dropInFolder(of: path), topic: .configuration, isFolder: true),
        ]
        // A discovered file may be there later.
        interests += (configuration?.config.files.dropFirst() ?? []).map {
            .init(path: $0, topic: .configuration)
        }
        return interests
    }
}
