using System.Text.Json;
using Strata.Runtimes.Oci;

namespace Strata.Runtimes.Tests;

public sealed class OciBundleTests
{
    private static readonly JsonElement Config = JsonDocument.Parse(new OciBundle
    {
        Id = "i",
        Hostname = "h",
        Root = "/root-folder",
        Args = ["/bin/sh", "-c", "echo \"a\""],
        Env = new Dictionary<string, string> { ["A"] = "b=c" },
        WorkFolder = "/app",
        Uid = 1_000_007,
        Mounts = [OciMount.ReadOnly("/usr", "/usr")],
        CgroupPath = "/strata/x/i",
        MemoryBytes = 64 << 20,
        Cpu = 0.25,
        PidsMax = 33,
    }.ToJson()).RootElement;

    [Fact]
    public void Json_Process_HasNothingThatItDoesNotNeed()
    {
        var process = Config.GetProperty("process");
        Assert.True(process.GetProperty("noNewPrivileges").GetBoolean());
        Assert.Equal(1_000_007, process.GetProperty("user").GetProperty("uid").GetInt32());
        Assert.All(process.GetProperty("capabilities").EnumerateObject(), set => Assert.Equal(0, set.Value.GetArrayLength()));
        Assert.Equal("A=b=c", process.GetProperty("env")[0].GetString());
        Assert.Equal("echo \"a\"", process.GetProperty("args")[2].GetString());
    }

    [Fact]
    public void Json_Root_IsReadOnly() => Assert.True(Config.GetProperty("root").GetProperty("readonly").GetBoolean());

    [Fact]
    public void Json_Limits_AreSet()
    {
        var resources = Config.GetProperty("linux").GetProperty("resources");
        Assert.Equal(64 << 20, resources.GetProperty("memory").GetProperty("limit").GetInt64());
        Assert.Equal(25_000, resources.GetProperty("cpu").GetProperty("quota").GetInt64());
        Assert.Equal(33, resources.GetProperty("pids").GetProperty("limit").GetInt32());
        Assert.False(resources.GetProperty("devices")[0].GetProperty("allow").GetBoolean());
    }

    [Fact]
    public void Json_Namespaces_AreItsOwn() => Assert.Equal(
        ["pid", "ipc", "uts", "mount", "cgroup"],
        Config.GetProperty("linux").GetProperty("namespaces").EnumerateArray().Select(x => x.GetProperty("type").GetString()));

    [Theory]
    [InlineData("mount")]
    [InlineData("bpf")]
    [InlineData("ptrace")]
    [InlineData("keyctl")]
    [InlineData("init_module")]
    [InlineData("unshare")]
    [InlineData("setns")]
    [InlineData("io_uring_setup")]
    [InlineData("userfaultfd")]
    public void Json_Filter_RefusesWhatInstancesDoNotNeed(string call)
    {
        var filter = Config.GetProperty("linux").GetProperty("seccomp");
        Assert.Equal("SCMP_ACT_ERRNO", filter.GetProperty("defaultAction").GetString());
        Assert.DoesNotContain(filter.GetProperty("syscalls").EnumerateArray().SelectMany(x => x.GetProperty("names").EnumerateArray()),
            name => name.GetString() == call);
    }

    [Fact]
    public void Json_Mounts_OnlyWhatIsAskedForCanBeWritten()
    {
        var bind = Config.GetProperty("mounts").EnumerateArray().Single(x => x.GetProperty("type").GetString() == "bind");
        Assert.Contains("ro", bind.GetProperty("options").EnumerateArray().Select(x => x.GetString()));
    }
}
