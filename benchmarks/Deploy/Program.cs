using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

// What a person waits for, measured with the program as the launcher builds it: a deploy until its address answers, and a second start
// until it is ready. Run from the repository's root.
var home = Directory.CreateTempSubdirectory("strata-bench-").FullName;
var root = Directory.GetCurrentDirectory();
Environment.SetEnvironmentVariable("STRATA_HOME", home);
Run("version");
try
{
    string[] up = ["up", "-d", "--api-port", "18480", "--http-port", "18400"];
    Run(up);
    Report("deploy-static-seconds", Median(i => Seconds("deploy", Source("welcome", i), "--name", "site")), 2);
    Report("deploy-node-seconds", Median(i => Seconds("deploy", Source("hello-node", i), "--name", "node")), 4);
    Run("down", "--all");
    Report("second-up-seconds", Seconds(up), 3);
    await Task.Delay(TimeSpan.FromSeconds(30));
    var status = JsonElement.Parse(Run("status", "--json"));
    foreach (var part in status.GetProperty("parts").EnumerateArray())
        Console.WriteLine($"  start of {part.GetProperty("name")}: {part.GetProperty("startMs")} ms");
    Report("idle-memory-mb", status.GetProperty("memoryBytes").GetInt64() / 1048576.0, 150);
}
finally
{
    Run("down", "--all");
    Directory.Delete(home, recursive: true);
}

// A copy that differs each time, so that nothing is found from the time before.
string Source(string sample, int round)
{
    var copy = Directory.CreateDirectory(Path.Combine(home, "sources", $"{sample}-{round}")).FullName;
    foreach (var file in Directory.GetFiles(Path.Combine(root, "samples", sample)))
        File.Copy(file, Path.Combine(copy, Path.GetFileName(file)), overwrite: true);
    File.WriteAllText(Path.Combine(copy, "round.txt"), $"{round}");
    return copy;
}

double Median(Func<int, double> measure) => Enumerable.Range(0, 5).Select(measure).Order().ElementAt(2);

double Seconds(params string[] arguments)
{
    var clock = Stopwatch.StartNew();
    Run(arguments);
    return clock.Elapsed.TotalSeconds;
}

string Run(params string[] arguments)
{
    using var process = Process.Start(
        new ProcessStartInfo(Path.Combine(root, "strata"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
    var error = process.StandardError.ReadToEndAsync();
    var output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return process.ExitCode == 0 || arguments[0] == "down"
        ? output : throw new InvalidOperationException($"strata {string.Join(' ', arguments)}: {error.GetAwaiter().GetResult()}");
}

static void Report(string name, double ours, double limit) =>
    Console.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"RESULT name={name} ours={ours:0.00} peer={limit:0.0} ratio={ours / limit:0.00}"));
