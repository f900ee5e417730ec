namespace Strata.Core.Tests;

public sealed class ChildEnvironmentTests
{
    [Fact]
    public void Restrict_KeepsWhatAProgramNeeds_AndNoSecret()
    {
        var environment = new Dictionary<string, string?>
        {
            ["PATH"] = "/bin", ["LC_ALL"] = "C", ["DOTNET_ROOT"] = "/usr/lib/dotnet", ["STRATA_POSTGRES_URL"] = "postgres://u:p@h/d",
            ["STRATA_TOKEN"] = "t",
            ["STRATA_BLOBS_SECRET_KEY"] = "s", ["AWS_SECRET_ACCESS_KEY"] = "s", ["PGPASSWORD"] = "s", ["GITHUB_TOKEN"] = "s",
            ["OTEL_EXPORTER_OTLP_HEADERS"] = "s",
        };
        ChildEnvironment.Restrict(environment);
        Assert.Equal(["DOTNET_ROOT", "LC_ALL", "PATH"], environment.Keys.Order(StringComparer.Ordinal));
    }
}
