using Strata.Deployments.Configuration;

namespace Strata.Deployments.Tests.Configuration;

public sealed class StrataFileReaderTests
{
    private static Core.Result<StrataFile> Read(string text) => StrataFileReader.Read("strata.yaml", text);

    [Fact]
    public void Read_EveryField_IsTaken()
    {
        var file = Read("""
            name: shop
            build: { command: make, output: out, timeoutSeconds: 1800, memoryBytes: 4Gi, cpu: 1.5 }
            run: { command: ./shop, port: 3000, replicas: { min: 2, max: 4 }, memory: 256M, cpu: 0.5, stopGrace: 30s }
            env: { A: one, B: 2 }
            health: { path: /up, interval: 3s, timeout: 1s, grace: 2m }
            """).Value;
        Assert.Equal(("shop", "make", "out", "./shop"), (file.Name, file.BuildCommand, file.BuildOutput, file.RunCommand));
        Assert.Equal((3000, 2, 256L << 20, 0.5), (file.Port, file.Replicas, file.MemoryBytes, file.Cpu));
        Assert.Equal((1800, 4L << 30, 1.5), (file.BuildTimeoutSeconds, file.BuildMemoryBytes, file.BuildCpu));
        Assert.Equal("2", file.Env["B"]);
        Assert.Equal(30, file.StopGraceSeconds);
        Assert.Equal(("/up", 3, 1, 120), (file.HealthPath, file.HealthIntervalSeconds, file.HealthTimeoutSeconds, file.HealthGraceSeconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("run:\n")]
    public void Read_Nothing_IsEmpty(string text)
    {
        var file = Read(text).Value;
        Assert.Empty(file.Env);
        Assert.Equal(StrataFile.Empty with { Env = file.Env }, file);
    }

    [Theory]
    [InlineData("run: { prot: 3000 }", "run.prot: line 1: is not a known field")]
    [InlineData("run: { port: 70000 }", "run.port: line 1: must be a whole number from 1 to 65535")]
    [InlineData("run: { memory: lots }", "run.memory: line 1: must be a size")]
    [InlineData("run: [1]", "run: line 1: must hold")]
    [InlineData("name: Shop", "name: line 1: must be 1 to 63")]
    [InlineData("build: { output: ../x }", "build.output: line 1: must be a path inside the source")]
    [InlineData("build: { timeoutSeconds: 0 }", "build.timeoutSeconds: line 1: must be")]
    [InlineData("build: { stack: cobol }", "build.stack: line 1: must be one of")]
    [InlineData("env: { 1A: x }", "env: line 1: names must be")]
    [InlineData("volumes: [data]", "volumes: line 1: is not supported by this version yet")]
    [InlineData("a: &x [1]\nb: *x", "anchors and aliases are not supported")]
    [InlineData("a: b: c", "line 1")]
    [InlineData("- x", "top level")]
    public void Read_Fault_NamesItsPlace(string text, string expected) =>
        Assert.Contains(expected, Read(text).Error!.Message, StringComparison.Ordinal);

    [Fact]
    public void Read_SeveralFaults_ReportsAll()
    {
        var message = Read("run: { port: x, cpu: y }\nhealth: { path: up }").Error!.Message;
        Assert.All(new[] { "run.port", "run.cpu", "health.path" }, x => Assert.Contains(x, message, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_DeeplyNested_IsRefused() =>
        Assert.Contains("nested too deeply", Read(new string('[', 30_000)).Error!.Message, StringComparison.Ordinal);

    [Fact]
    public void Read_StaticServe_IsAListOfPatterns()
    {
        Assert.Equal(["*.sql", "a/b.py"], StrataFileReader.Read("strata.yaml", "static:\n  serve: ['*.sql', a/b.py]\n").Value.Serve);
        Assert.Equal(["*.sql"], StrataFileReader.Read("strata.yaml", "static:\n  serve: '*.sql'\n").Value.Serve);
        Assert.Contains("static.serve", StrataFileReader.Read("strata.yaml", "static:\n  serve: ['*', '/etc/x']\n").Error!.Message,
            StringComparison.Ordinal);
    }
}
