import ArgumentParser
import DataPlane

struct QueuesMeasure: Command {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Measure how received packets are spread over CPUs, and say what would help.")

    @Argument(help: "The interface; else the one that receives most.")
    var interface: String?

    @Option(help: "How long to measure.")
    var seconds = 5.0

    @Option(help: "How many flows there are, for what a spread by chance can reach.")
    var flows = 64

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        guard seconds > 0, seconds <= 86_400 else {
            throw ValidationError("--seconds takes more than 0, and at most a day")
        }
        guard (1...1_000_000_000).contains(flows) else {
            throw ValidationError("--flows takes numbers from 1")
        }
    }

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let file = try readConfigIfAny(&report)
        report.warn(file?.warnings ?? [])
        let measurement: QueueMeasurement
        do throws(SessionError) {
            measurement = try QueueMeasurement(
                of: interface, file?.config, seconds: seconds, flows: flows)
        } catch { throw Failure(error) }
        let printout = LoadPrintout(measurement, flows: flows)
        if report.isJSON {
            report.print(printout.json)
        } else {
            report.say(printout.text)
        }
        return .done
    }
}
