#pragma warning disable CA1848 // the test logs as any library may
using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Server.Logging;

namespace Strata.Server.Tests.Logging;

public sealed class ServerLogsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-logs-").FullName;
    private readonly StringWriter console = new();

    public void Dispose()
    {
        Folder.Delete(folder);
        console.Dispose();
    }

    [Fact]
    public void Json_OfAWarning_SaysWhatItIsAbout_InTheFileAndOnStandardError()
    {
        var (tenant, trace) = (TenantId.New(TimeProvider.System), "");
        using (var span = new Activity("test").Start())
        {
            trace = span.TraceId.ToHexString();
            Write(LogFormat.Json, log =>
            {
                using var about = log.BeginScope(new LogSubject(tenant, "dep_1"));
                using var request = log.BeginScope("the framework's scopes are not ours");
                log.LogWarning(new InvalidOperationException("why"), "Release {Release} failed after {Tries} tries", "rel_1", 3);
            });
        }

        var line = JsonElement.Parse(console.ToString());
        Assert.Equal(File.ReadAllText(LogPath).Trim(), console.ToString().Trim());
        Assert.Equal("warn", line.GetProperty("level").GetString());
        Assert.Equal("Strata.Test.Part", line.GetProperty("category").GetString());
        Assert.Equal("Release rel_1 failed after 3 tries", line.GetProperty("message").GetString());
        Assert.Equal(trace, line.GetProperty("trace_id").GetString());
        Assert.Equal(tenant.ToString(), line.GetProperty("tenant").GetString());
        Assert.Equal("dep_1", line.GetProperty("resource").GetString());
        Assert.Equal(3, line.GetProperty("fields").GetProperty("Tries").GetInt32());
        Assert.Contains("why", line.GetProperty("exception").GetString(), StringComparison.Ordinal);
        Assert.EndsWith("Z", line.GetProperty("time").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_OfSeveralLinesOfText_IsOneLine()
    {
        Write(LogFormat.Json, log => log.LogError("two\nlines of {Tenant}", "org_1"));
        var line = Assert.Single(File.ReadAllLines(LogPath));
        Assert.Equal("org_1", JsonElement.Parse(line).GetProperty("tenant").GetString());
    }

    [Fact]
    public void Text_ShowsLevels_AndInformationInTheFileOnly()
    {
        Write(LogFormat.Text, log =>
        {
            log.LogInformation("for the file");
            log.LogError("for both");
        });
        Assert.Equal("error Part: for both", console.ToString().Trim());
        Assert.Contains(" info Part: for the file\n", File.ReadAllText(LogPath), StringComparison.Ordinal);
    }

    private string LogPath => Path.Combine(folder, "log");

    private void Write(LogFormat format, Action<ILogger> write)
    {
        using var loggers = ServerLogs.CreateFactory(LogPath, console, format, TimeProvider.System);
        write(loggers.CreateLogger("Strata.Test.Part"));
    }
}
