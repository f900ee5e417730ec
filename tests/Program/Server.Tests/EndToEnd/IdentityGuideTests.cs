using System.Diagnostics;
using System.Text;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>
/// The guides of docs/identity.md and docs/secrets.md: each command of the sections below runs as it stands there, one after the other, and
/// succeeds. What a person would type is piped in, and questions are answered with yes.
/// </summary>
public sealed class IdentityGuideTests
{
    /// <summary>In an order in which each finds what it needs.</summary>
    private static readonly (string Page, string Section)[] Sections =
    [
        ("secrets.md", "Set, use, reveal"), ("identity.md", "Roles of your own"), ("identity.md", "Rights for a part, or for a while"),
        ("identity.md", "Inviting a team"), ("identity.md", "Programs that people sign in to"), ("identity.md", "Keys instead of secrets"),
        ("identity.md", "The cloud's own keys"), ("secrets.md", "Replacing keys"), ("identity.md", "The first administrator"),
        ("identity.md", "Mail"),
    ];

    /// <summary>Not run here, with the reason.</summary>
    private static readonly Dictionary<string, string> Left = new()
    {
        ["strata up --smtp-url"] = "The cloud runs already; MailTests has a mail server.",
    };

    /// <summary>Before the first command: what the guides take for granted, and a pipe in place of the keyboard.</summary>
    private const string Before = """
        strata() {
          case " $* " in
            *" remove "*|*" revoke "*|*" destroy "*|*" remove-second-factor "*|*" --grace 0 "*) command strata "$@" -y ;;
            " secrets set session-key ") command strata "$@" ;;
            " secrets set "*) printf typed | command strata "$@" ;;
            *) command strata "$@" < /dev/null ;;
          esac
        }
        printf 'key' > key.pem
        """;

    [Fact]
    public async Task Guides_Commands_SucceedAsTheyStand()
    {
        await using var cloud = new Cloud();
        (await cloud.UpAsync("--agent", "off")).ShouldSucceed();
        (await cloud.RunAsync("api", "POST", "/api/v1/projects", "-d", """{"name":"shop","spec":{}}""")).ShouldSucceed();
        // A first token of a client makes the pair that signs it; "The cloud's own keys" replaces it.
        (await cloud.RunAsync("keys", "rotate", "--audience", "client", "--algorithm", "RS256", "--lead", "0")).ShouldSucceed();
        foreach (var name in new[] { "ada", "bob", "carol" })
        {
            var link = (await cloud.RunAsync("invite", $"{name}@example.com")).ShouldSucceed().Output.Trim();
            using var browser = await SignUp.AcceptAsync(cloud, link, $"{name}@example.com");
        }
        var commands = Sections.SelectMany(s => CommandsOf(s.Page, s.Section)).ToList();
        Assert.True(commands.Count >= 40, $"only {commands.Count} commands were found");
        var output = await RunAsync(cloud, commands);
        foreach (var (command, i) in commands.Select((c, i) => (c, i)))
            Assert.True(output.Contains($"@@@ {i} 0\n", StringComparison.Ordinal), $"{command}\nfailed:\n{output}");
    }

    /// <summary>The indented lines of a section; one that ends with a backslash goes on in the next.</summary>
    private static IEnumerable<string> CommandsOf(string page, string section)
    {
        var lines = File.ReadAllLines(Path.Combine(Cloud.Samples, "../docs", page)).SkipWhile(l => l != "## " + section).Skip(1)
            .TakeWhile(l => !l.StartsWith("## ", StringComparison.Ordinal))
            .Where(l => l.StartsWith("    ", StringComparison.Ordinal)).ToList();
        Assert.True(lines.Count > 0, $"{page} has no commands under \"{section}\".");
        var whole = new StringBuilder();
        foreach (var line in lines)
        {
            whole.AppendLine(line[4..]);
            if (line.EndsWith('\\')) continue;
            var command = whole.ToString();
            whole.Clear();
            if (!Left.Keys.Any(l => command.StartsWith(l, StringComparison.Ordinal))) yield return command;
        }
    }

    private static async Task<string> RunAsync(Cloud cloud, List<string> commands)
    {
        var folder = Directory.CreateTempSubdirectory("strata-guide-").FullName;
        try
        {
            File.CreateSymbolicLink(Path.Combine(folder, "strata"), Cloud.Program);
            var script = string.Concat(commands.Select((c, i) => $"{c}printf '\\n@@@ {i} %s\\n' $?\n"));
            await File.WriteAllTextAsync(Path.Combine(folder, "guide.sh"), $"exec 2>&1\n{Before}\n{script}");
            var start = new ProcessStartInfo("bash", "guide.sh") { WorkingDirectory = folder, RedirectStandardOutput = true };
            start.Environment["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}";
            start.Environment["STRATA_HOME"] = cloud.Home;
            start.Environment["NO_COLOR"] = "1";
            foreach (var name in new[] { "STRATA_URL", "STRATA_TOKEN" }) start.Environment.Remove(name);
            using var process = Process.Start(start)!;
            using var timer = new CancellationTokenSource(TimeSpan.FromMinutes(6));
            return await process.StandardOutput.ReadToEndAsync(timer.Token);
        }
        finally
        {
            Folder.Delete(folder);
        }
    }
}
