import ArgumentParser
import DataPlane
import Plist

struct QueuesShow: Command {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show channels, masks and interrupts per queue, and what they should be.")

    @Argument(help: "Interfaces; else those of the file, without a file all that have queues.")
    var interfaces: [String] = []

    @OptionGroup var options: GlobalOptions

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let file = try readConfigIfAny(&report)
        report.warn(file?.warnings ?? [])
        let survey = try survey(of: interfaces, file?.config)
        let printout = QueuesPrintout(survey, hasFile: file != nil)
        if report.isJSON {
            report.print(printout.json)
        } else {
            report.say(printout.text)
        }
        return .done
    }
}

extension Command {
    /// With the bindings in force: a replaced interface has its queues, too.
    ///
    /// - Returns: nil where there is no file, which is no error for those who only look at queues.
    func readConfigIfAny(
        _ report: inout Report
    ) throws(Failure) -> (config: Config, warnings: [Diagnostic])? {
        let read: (config: Config, warnings: [Diagnostic])
        do throws(Failure) {
            read = try readConfig(options.config, trust: .advised, &report)
        } catch  where error.status == .noFile {
            return nil
        }
        let session = try session(on: try openKernel())
        do throws(SessionError) {
            let bound = try session.bound(read.config)
            return (bound.config, read.warnings + bound.warnings)
        } catch { throw Failure(error) }
    }

    func survey(of names: [String], _ config: Config?) throws(Failure) -> QueueSurvey {
        do throws(SessionError) {
            return try QueueSurvey(of: names, config)
        } catch { throw Failure(error) }
    }
}
